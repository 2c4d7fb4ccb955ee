/** The last readings of an asset: each channel with its last value and how it went lately. */
import { fill, h, s } from './dom.js'
import { formatAge, formatValue } from './format.js'

/** @import {Reading} from '../../core/records.ts' */

const WIDTH = 160
const HEIGHT = 26

export function makeReadings() {
  const body = h('tbody', {})
  const notice = h('p', { class: 'notice' }, 'No readings in the part of the log that was looked through.')
  const table = h(
    'table',
    { class: 'readings' },
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        ...['Channel', 'Last', 'Lately', 'Least', 'Most'].map((name) => h('th', { scope: 'col' }, name)),
      ),
    ),
    body,
  )
  const age = h('span', { class: 'muted' })
  const content = h('div', { class: 'wide' })
  return {
    element: h('section', { class: 'panel' }, h('h2', {}, 'Latest readings ', age), content),
    /** @param {Reading[]} readings newest first */
    show(readings) {
      const [newest] = readings
      age.textContent = newest === undefined ? '' : formatAge(Number(newest.ts), Date.now())
      fill(body, ...channelsOf(readings).map(channelRow))
      fill(content, newest === undefined ? notice : table)
    },
  }
}

/**
 * @param {Reading[]} readings newest first
 * @returns {{ name: string, values: number[] }[]} values oldest first
 */
function channelsOf(readings) {
  /** @type {Map<string, number[]>} */
  const channels = new Map()
  for (const { values = {} } of readings) {
    for (const [name, value] of Object.entries(values)) {
      if (value === null) continue
      const list = channels.get(name) ?? []
      list.unshift(value)
      channels.set(name, list)
    }
  }
  return [...channels]
    .map(([name, values]) => ({ name, values }))
    .sort((a, b) => a.name.localeCompare(b.name))
}

/** @param {{ name: string, values: number[] }} channel */
function channelRow({ name, values }) {
  const least = Math.min(...values)
  const most = Math.max(...values)
  return h(
    'tr',
    {},
    h('th', { scope: 'row' }, name),
    h('td', {}, formatValue(values.at(-1) ?? Number.NaN)),
    h('td', {}, line(values, least, most)),
    h('td', {}, formatValue(least)),
    h('td', {}, formatValue(most)),
  )
}

/**
 * @param {number[]} values
 * @param {number} least
 * @param {number} most
 */
function line(values, least, most) {
  const span = most - least || 1
  const step = WIDTH / Math.max(1, values.length - 1)
  const path = values
    .map(
      (value, i) =>
        `${i === 0 ? 'M' : 'L'}${(i * step).toFixed(1)} ${(HEIGHT - 3 - ((value - least) / span) * (HEIGHT - 6)).toFixed(1)}`,
    )
    .join('')
  const attributes = {
    class: 'spark wide-spark',
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: 'none',
    'aria-hidden': 'true',
  }
  return s('svg', attributes, s('path', { class: 'spark-line', d: path }))
}
