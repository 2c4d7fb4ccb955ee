/** What the page says of an asset whose clock is wrong. */
import { h, setText } from './dom.js'
import { formatAge, formatCount, formatSpan } from './format.js'

/** @import {AssetClock} from '../clock-book.ts' */

/**
 * @param {AssetClock} clock
 * @returns {string} in few words, such as `clock 1 h ahead`
 */
export function clockText({ state, byMs, unit }) {
  if (state === 'unit') return `times in ${unit}`
  const span = formatSpan(byMs ?? 0)
  return state === 'catching-up' ? `${span} behind, catching up` : `clock ${span} ${state}`
}

/** @type {Record<AssetClock['state'], (clock: AssetClock) => string>} */
const CAUSES = {
  ahead: ({ byMs }) =>
    `The clock of this asset, or of its gateway, is ${formatSpan(byMs ?? 0)} ahead. What is further ahead than limits.futureBy is put aside as a dead letter.`,
  behind: ({ byMs }) =>
    `The readings of this asset are ${formatSpan(byMs ?? 0)} old when they come in: its clock is behind, or its gateway holds them back.`,
  'catching-up': ({ byMs }) =>
    `This asset sends readings of the past, ${formatSpan(byMs ?? 0)} old by now, and is catching up.`,
  unit: ({ unit }) =>
    `The times of this asset seem to be in ${unit}, where epoch milliseconds are expected: its readings are dead letters.`,
}

export function makeClockNote() {
  const element = h('p', { class: 'clock-note', role: 'status', hidden: true })
  return {
    element,
    /**
     * @param {AssetClock | null} clock
     * @param {number} now epoch ms
     */
    show(clock, now) {
      element.hidden = clock === null
      if (clock === null) return
      const { refused, since, last } = clock
      const letters = refused === 0 ? '' : ` ${formatCount(refused)} put aside so far.`
      setText(
        element,
        `${CAUSES[clock.state](clock)}${letters} First seen ${formatAge(since, now)}, last seen ${formatAge(last, now)}.`,
      )
    },
  }
}
