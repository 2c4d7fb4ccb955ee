/** What is drawn under and over the line of a chart: spans of alerts, thresholds, windows over them. */
import { isOpen } from './rank.js'

/** @import uPlot from '/vendor/uPlot.js' */
/** @import {Alert, Score} from '../../core/records.ts' */
/** @import {Threshold} from '../asset-item.ts' */

/** @param {string} name of a CSS variable, so that the chart follows light and dark */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim()
}

/**
 * The spans in which alerts were open, each beginning with a line.
 * @param {uPlot} u
 * @param {readonly Alert[]} alerts
 */
export function drawBands(u, alerts) {
  const { ctx } = u
  const { left, top, width, height } = u.bbox
  const end = u.scales.x?.max ?? 0
  ctx.save()
  ctx.beginPath()
  ctx.rect(left, top, width, height)
  ctx.clip()
  for (const alert of alerts) {
    const from = u.valToPos(alert.raisedAt / 1000, 'x', true)
    const to = u.valToPos(isOpen(alert) ? end : alert.updatedAt / 1000, 'x', true)
    ctx.fillStyle = colour(`--${alert.severity}-band`)
    ctx.fillRect(from, top, Math.max(2, to - from), height)
    ctx.fillStyle = colour(`--${alert.severity}`)
    ctx.fillRect(from, top, 2 * devicePixelRatio, height)
  }
  ctx.restore()
}

/**
 * @param {uPlot} u
 * @param {readonly Threshold[]} thresholds
 */
export function drawThresholds(u, thresholds) {
  u.ctx.save()
  u.ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`
  u.ctx.textAlign = 'left'
  u.ctx.textBaseline = 'bottom'
  u.ctx.lineWidth = devicePixelRatio
  for (const { rule, above, clearBelow, severity } of thresholds) {
    drawLine(u, above, `${rule} above ${above}`, `--${severity}`, [6, 4])
    if (clearBelow !== above) drawLine(u, clearBelow, `clears below ${clearBelow}`, '--muted', [2, 4])
  }
  u.ctx.restore()
}

/**
 * @param {uPlot} u
 * @param {number} value
 * @param {string} name
 * @param {string} paint a CSS variable
 * @param {number[]} dash
 */
function drawLine(u, value, name, paint, dash) {
  const { ctx } = u
  const { left, width } = u.bbox
  const y = Math.round(u.valToPos(value, 'y', true)) + 0.5
  ctx.strokeStyle = colour(paint)
  ctx.fillStyle = colour(paint)
  ctx.setLineDash(dash.map((length) => length * devicePixelRatio))
  ctx.beginPath()
  ctx.moveTo(left, y)
  ctx.lineTo(left + width, y)
  ctx.stroke()
  ctx.fillText(name, left + 6 * devicePixelRatio, y - 3 * devicePixelRatio)
}

/**
 * Windows over the lowest threshold get a dot.
 * @param {uPlot} u
 * @param {readonly Score[]} scores
 * @param {readonly Threshold[]} thresholds
 */
export function drawDots(u, scores, thresholds) {
  const limit = Math.min(...thresholds.map(({ above }) => above))
  const { ctx } = u
  ctx.save()
  ctx.fillStyle = colour('--over')
  for (const { windowEnd, score } of scores) {
    if (score <= limit) continue
    const x = u.valToPos(windowEnd / 1000, 'x', true)
    ctx.beginPath()
    ctx.arc(x, u.valToPos(score, 'y', true), 3 * devicePixelRatio, 0, 2 * Math.PI)
    ctx.fill()
  }
  ctx.restore()
}
