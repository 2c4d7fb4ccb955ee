/** Score over time: the line, the thresholds, the spans in which an alert was open. Drawn by uPlot. */
import uPlot from '/vendor/uPlot.js'
import { colour, drawBands, drawDots, drawThresholds } from './chart-layers.js'
import { h } from './dom.js'
import { formatScore, formatTicks, formatTime } from './format.js'

/** @import {Alert, Score} from '../../core/records.ts' */
/** @import {Threshold} from '../asset-item.ts' */

const HEIGHT = 300
const LEAST_WIDTH = 200
/** A pause of so many windows breaks the line. */
const GAP_WINDOWS = 3

/**
 * @typedef {object} ChartData
 * @property {readonly Score[]} scores of one pipeline, oldest first
 * @property {readonly Threshold[]} thresholds
 * @property {readonly Alert[]} alerts open and closed
 */

export function makeChart() {
  /** @type {ChartData} */
  let data = { scores: [], thresholds: [], alerts: [] }
  /** @type {uPlot | null} */
  let plot = null
  const readout = h('p', { class: 'readout', 'aria-hidden': 'true' })
  const box = h('div', { class: 'chart-box', role: 'img' })
  const hooks = {
    drawClear: [(/** @type {uPlot} */ u) => drawBands(u, data.alerts)],
    draw: [
      (/** @type {uPlot} */ u) => {
        drawThresholds(u, data.thresholds)
        drawDots(u, data.scores, data.thresholds)
      },
    ],
    setCursor: [showReadout],
  }
  const width = () => Math.max(LEAST_WIDTH, box.clientWidth)
  const resize = new ResizeObserver(() => plot?.setSize({ width: width(), height: HEIGHT }))
  const scheme = matchMedia('(prefers-color-scheme: dark)')
  const redraw = () => plot?.redraw(false)
  resize.observe(box)
  scheme.addEventListener('change', redraw)

  /** @param {uPlot} u */
  function showReadout(u) {
    const { idx } = u.cursor
    const time = idx === null || idx === undefined ? undefined : u.data[0][idx]
    const score = data.scores.find(({ windowEnd }) => windowEnd / 1000 === time) ?? data.scores.at(-1)
    readout.textContent = score === undefined ? '' : readoutText(score)
  }

  return {
    element: h('div', { class: 'chart' }, box),
    /** Time and score under the pointer; the newest otherwise. */
    readout,
    /** @param {ChartData} next */
    show(next) {
      data = next
      const last = data.scores.at(-1)
      const name = last === undefined ? 'no score yet' : `last ${formatScore(last.score)}`
      box.setAttribute('aria-label', `Score over time, ${data.scores.length} windows, ${name}`)
      if (plot === null) plot = new uPlot({ ...plotOptions(width()), hooks }, columnsOf(data.scores), box)
      else plot.setData(columnsOf(data.scores))
      showReadout(plot)
    },
    close() {
      resize.disconnect()
      scheme.removeEventListener('change', redraw)
      plot?.destroy()
    },
  }
}

/** @param {Score} score */
function readoutText({ windowEnd, score, count, closed }) {
  const parts = [formatTime(windowEnd, Date.now()), `score ${formatScore(score)}`, `${count} readings`]
  if (closed !== 'watermark') parts.push(`closed by ${closed}`)
  return parts.join(' · ')
}

/**
 * @param {readonly Score[]} scores
 * @returns {uPlot.AlignedData} times in seconds, scores; null where the line breaks
 */
function columnsOf(scores) {
  /** @type {number[]} */
  const times = []
  /** @type {(number | null)[]} */
  const values = []
  let last = Number.POSITIVE_INFINITY
  for (const { windowStart, windowEnd, score } of scores) {
    const size = windowEnd - windowStart
    if (windowEnd - last > GAP_WINDOWS * size) {
      times.push((last + size) / 1000)
      values.push(null)
    }
    times.push(windowEnd / 1000)
    values.push(score)
    last = windowEnd
  }
  return [times, values]
}

/**
 * @param {number} width
 * @returns {uPlot.Options}
 */
function plotOptions(width) {
  const axis = {
    stroke: () => colour('--muted'),
    grid: { stroke: () => colour('--line'), width: 1 },
    ticks: { stroke: () => colour('--line'), width: 1 },
    font: '12px system-ui, sans-serif',
  }
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    padding: [12, 12, 0, 0],
    cursor: { y: false, drag: { x: true, y: false } },
    scales: { x: { time: true }, y: { range: [0, 1] } },
    axes: [
      { ...axis, space: 70, size: 40, values: (_u, splits) => formatTicks(splits) },
      { ...axis, size: 44, values: (_u, splits) => splits.map((v) => v.toFixed(1)) },
    ],
    series: [
      {},
      {
        label: 'score',
        stroke: () => colour('--line-strong'),
        fill: () => colour('--line-fill'),
        width: 2,
        points: { show: false },
      },
    ],
  }
}
