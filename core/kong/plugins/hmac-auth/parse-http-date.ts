/**
 * Reads a date in one of the three formats of HTTP (RFC 9110, section 5.6.7) and returns Unix time in ms; undefined = it
 * is none of them.
 */
export function parseHttpDate(text: string): number | undefined {
  for (const shape of shapes) {
    const { day = '', month = '', year = '', time = '' } = shape.exec(text.trim())?.groups ?? {}
    const at = months.indexOf(month)
    if (at === -1) continue
    const [hours = 0, minutes = 0, seconds = 0] = time.split(':').map(Number)
    if (Number(day) > 31 || hours > 23 || minutes > 59 || seconds > 60) return undefined
    return Date.UTC(fullYear(year), at, Number(day), hours, minutes, seconds)
  }
  return undefined
}

const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

const shapes = [
  /^[A-Z][a-z]{2}, (?<day>\d{2}) (?<month>[A-Z][a-z]{2}) (?<year>\d{4}) (?<time>\d{2}:\d{2}:\d{2}) GMT$/,
  /^[A-Z][a-z]{5,8}, (?<day>\d{2})-(?<month>[A-Z][a-z]{2})-(?<year>\d{2}) (?<time>\d{2}:\d{2}:\d{2}) GMT$/,
  /^[A-Z][a-z]{2} (?<month>[A-Z][a-z]{2}) (?<day>[ \d]\d) (?<time>\d{2}:\d{2}:\d{2}) (?<year>\d{4})$/,
]

/** Two digits are a year between 1970 and 2069. */
function fullYear(digits: string): number {
  const year = Number(digits)
  if (digits.length > 2) return year
  return year < 70 ? 2000 + year : 1900 + year
}
