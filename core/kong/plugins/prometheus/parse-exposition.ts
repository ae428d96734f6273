/** One metric with its samples, for tests. */
export interface MetricFamily {
  readonly name: string
  readonly type: string
  readonly samples: readonly Sample[]
}

interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/**
 * Reads Prometheus' text format, version 0.0.4, as strictly as its description allows.
 * @throws when anything is not as it should be.
 */
export function parseExposition(text: string): readonly MetricFamily[] {
  if (!text.endsWith('\n')) throw new Error('The end of the last line is missing')
  const families: { name: string; type: string; samples: Sample[] }[] = []
  const seen = new Set<string>()
  let described: string | undefined
  for (const line of text.slice(0, -1).split('\n')) {
    const [, help] = /^# HELP ([a-zA-Z_:][\w:]*) .+$/.exec(line) ?? []
    const [, typed, type] =
      /^# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge|histogram|summary|untyped)$/.exec(line) ?? []
    if (help !== undefined) described = help
    else if (typed !== undefined && type !== undefined) {
      if (described !== typed) throw new Error(`${typed} has a TYPE, but no HELP before it`)
      if (families.some(({ name }) => name === typed)) throw new Error(`${typed} comes twice`)
      families.push({ name: typed, type, samples: [] })
    } else {
      const sample = parseSample(line)
      const family = families.at(-1)
      if (family === undefined || !belongs(sample.name, family)) {
        throw new Error(`${line}: there is no family for it`)
      }
      const [identity = ''] = line.split(/ (?=\S+$)/)
      if (seen.has(identity)) throw new Error(`${identity} comes twice`)
      seen.add(identity)
      family.samples.push(sample)
    }
  }
  for (const family of families) if (family.type === 'histogram') checkHistogram(family)
  return families
}

function parseSample(line: string): Sample {
  const [, name = '', labels = '', value = ''] =
    /^([a-zA-Z_:][\w:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*"(?:,(?=[a-zA-Z_])|(?=\})))*)\})? (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|[+-]Inf|NaN)$/.exec(
      line,
    ) ?? []
  if (name === '') throw new Error(`Cannot read the line ${line}`)
  const pairs = Array.from(labels.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g), (match) => {
    const [, label = '', text = ''] = match
    return [label, text.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c))] as const
  })
  return {
    name,
    labels: Object.fromEntries(pairs),
    value: Number(value.replace('Inf', 'Infinity')),
  }
}

function belongs(name: string, family: { readonly name: string; readonly type: string }): boolean {
  if (family.type !== 'histogram') return name === family.name
  return ['_bucket', '_sum', '_count'].some((end) => name === family.name + end)
}

function checkHistogram({ name, samples }: MetricFamily): void {
  const series = Map.groupBy(samples, ({ labels }) => JSON.stringify({ ...labels, le: undefined }))
  for (const [labels, of] of series) {
    const buckets = of.filter((sample) => sample.name === `${name}_bucket`)
    const bounds = buckets.map(({ labels: { le = '' } }) => Number(le.replace('Inf', 'Infinity')))
    for (const [at, { value }] of buckets.entries()) {
      const before = buckets[at - 1]?.value ?? 0
      if (value < before)
        throw new Error(`${name}${labels}: a bucket holds fewer than the one below`)
      if ((bounds[at] ?? 0) <= (bounds[at - 1] ?? -Infinity)) {
        throw new Error(`${name}${labels}: bounds do not ascend`)
      }
    }
    const count = of.find((sample) => sample.name === `${name}_count`)?.value
    if (bounds.at(-1) !== Infinity || buckets.at(-1)?.value !== count) {
      throw new Error(`${name}${labels}: the +Inf bucket must be there and equal the count`)
    }
    if (!of.some((sample) => sample.name === `${name}_sum`)) {
      throw new Error(`${name}${labels}: there is no sum`)
    }
  }
}
