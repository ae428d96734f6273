import { readFileSync, statSync } from 'node:fs'

/** A file's content, parsed again whenever the file has changed; one that cannot be read counts as empty. */
export class FreshFile<content> {
  readonly #path: string
  readonly #parse: (text: string) => content
  #seen: string | undefined
  #content: content | undefined

  constructor(path: string, parse: (text: string) => content) {
    this.#path = path
    this.#parse = parse
  }

  /** Costs a stat(2): such files are small and local, and whoever asks is about to wait for the network. */
  get content(): content {
    const seen = this.#signature()
    if (this.#content === undefined || seen !== this.#seen) {
      this.#seen = seen
      this.#content = this.#parse(this.#read())
    }
    return this.#content
  }

  #signature(): string {
    try {
      const { dev, ino, size, mtimeNs } = statSync(this.#path, { bigint: true })
      return `${dev} ${ino} ${size} ${mtimeNs}`
    } catch {
      return ''
    }
  }

  #read(): string {
    try {
      return readFileSync(this.#path, 'utf8')
    } catch {
      return ''
    }
  }
}
