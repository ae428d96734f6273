let second = Number.NaN
let rendered = ''

/** The present time as RFC 9110 section 5.6.7 wants it. */
export function httpDate(): string {
  const now = Date.now()
  const thisSecond = Math.floor(now / 1000)
  if (thisSecond !== second) {
    second = thisSecond
    rendered = new Date(now).toUTCString()
  }
  return rendered
}
