/** Figures, times and reasons in words, in the reader's own language settings. */

/** @import {Reason} from '../../core/records.ts' */

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const values = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 3 })
const counts = new Intl.NumberFormat()
const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
})
const dayOnly = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' })
const dayClock = new Intl.DateTimeFormat(undefined, {
  year: 'numeric',
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
})

/** @param {number} value */
export function formatValue(value) {
  return values.format(value)
}

/** @param {number} count */
export function formatCount(count) {
  return counts.format(count)
}

/** @param {number} share 0…1 */
export function formatPercent(share) {
  return share > 0 && share < 0.005 ? '<1 %' : `${Math.round(share * 100)} %`
}

/** @param {number} score 0…1, always with two decimals so that columns of them line up */
export function formatScore(score) {
  return score.toFixed(2)
}

/**
 * @param {number} ms epoch ms
 * @param {number} now epoch ms
 * @returns {string} the time of day; with the date when it is another day
 */
export function formatTime(ms, now) {
  return new Date(ms).toDateString() === new Date(now).toDateString() ? clock.format(ms) : dayClock.format(ms)
}

/**
 * @param {readonly number[]} seconds places of a time axis, epoch s
 * @returns {string[]} time of day; with the date above a new day, with seconds where they are closer than a minute
 */
export function formatTicks(seconds) {
  const step = (seconds[1] ?? Number.POSITIVE_INFINITY) - (seconds[0] ?? 0)
  /** @type {Intl.DateTimeFormatOptions} */
  const time = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }
  const format = new Intl.DateTimeFormat(undefined, step < 60 ? { ...time, second: '2-digit' } : time)
  let day = ''
  return seconds.map((second) => {
    const date = new Date(second * 1000)
    const isNew = day !== '' && day !== date.toDateString()
    day = date.toDateString()
    if (step >= 86_400) return dayOnly.format(date)
    return isNew ? `${format.format(date)}\n${dayOnly.format(date)}` : format.format(date)
  })
}

/**
 * @param {number} ms a time span
 * @returns {string} in its largest units, such as `2 h 5 min`
 */
export function formatSpan(ms) {
  if (ms < 1000) return 'now'
  if (ms < MINUTE) return `${Math.floor(ms / 1000)} s`
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`
  if (ms < DAY) {
    const minutes = Math.floor((ms % HOUR) / MINUTE)
    return minutes === 0 ? `${Math.floor(ms / HOUR)} h` : `${Math.floor(ms / HOUR)} h ${minutes} min`
  }
  return `${formatCount(Math.floor(ms / DAY))} d`
}

/**
 * @param {number} ms epoch ms
 * @param {number} now epoch ms
 */
export function formatAge(ms, now) {
  const span = formatSpan(Math.max(0, now - ms))
  return span === 'now' ? span : `${span} ago`
}

/**
 * @param {Reason} reason
 * @returns {string} such as `vibration mean 4.1, normal 1.2, 71 %`
 */
export function reasonText({ channel, feature, value, normal, share }) {
  const usual = normal === null ? 'normal not known yet' : `normal ${formatValue(normal)}`
  return `${channel} ${feature} ${formatValue(value)}, ${usual}, ${formatPercent(share)}`
}

/** @param {string} word */
export function capital(word) {
  return word.charAt(0).toUpperCase() + word.slice(1)
}
