/** Icons of severities and states: each has its own shape, so that none depends on colour alone. */
import { s } from './dom.js'

/** @import {Severity} from '../../core/records.ts' */
/** @import {AssetState} from '../asset-item.ts' */

const STROKE = { fill: 'none', stroke: 'currentColor', 'stroke-width': 2, 'stroke-linecap': 'round' }

/** @param {...SVGElement} shapes */
function icon(...shapes) {
  return s(
    'svg',
    { viewBox: '0 0 20 20', width: 18, height: 18, class: 'icon', 'aria-hidden': 'true' },
    ...shapes,
  )
}

const mark = () => s('path', { d: 'M10 6v5M10 14v.2', ...STROKE, class: 'icon-mark' })

/** @type {Record<Severity, () => SVGElement>} */
const SEVERITY_ICONS = {
  critical: () =>
    icon(
      s('path', { d: 'M6 1.5h8L18.5 6v8L14 18.5H6L1.5 14V6Z', class: 'icon-body' }),
      s('path', { d: 'M7 7l6 6M13 7l-6 6', ...STROKE, class: 'icon-mark' }),
    ),
  high: () =>
    icon(
      s('path', { d: 'M10 1.5 19 18H1Z', class: 'icon-body', 'stroke-linejoin': 'round' }),
      s('path', { d: 'M10 8v4M10 15v.2', ...STROKE, class: 'icon-mark' }),
    ),
  medium: () => icon(s('path', { d: 'M10 1 19 10 10 19 1 10Z', class: 'icon-body' }), mark()),
  low: () =>
    icon(
      s('circle', { cx: 10, cy: 10, r: 8.5, class: 'icon-body' }),
      s('path', { d: 'M10 9v5M10 6v.2', ...STROKE, class: 'icon-mark' }),
    ),
}

/** @type {Record<AssetState, () => SVGElement>} */
const STATE_ICONS = {
  alert: () => SEVERITY_ICONS.high(),
  acknowledged: () =>
    icon(
      s('circle', { cx: 10, cy: 10, r: 8, ...STROKE, 'stroke-width': 1.6 }),
      s('path', { d: 'M6 10.2l2.8 2.8L14 7.4', ...STROKE }),
    ),
  silent: () => icon(s('path', { d: 'M3 10h3M8.5 10h3M14 10h3', ...STROKE })),
  normal: () => icon(s('circle', { cx: 10, cy: 10, r: 3.2, fill: 'currentColor' })),
  waiting: () =>
    icon(s('circle', { cx: 10, cy: 10, r: 7, ...STROKE, 'stroke-width': 1.6, 'stroke-dasharray': '3 3' })),
}

/** @param {Severity} severity */
export function severityIcon(severity) {
  return SEVERITY_ICONS[severity]()
}

/**
 * @param {AssetState} state
 * @param {Severity | null} severity of the worst open alert
 */
export function stateIcon(state, severity) {
  return state === 'alert' && severity !== null ? severityIcon(severity) : STATE_ICONS[state]()
}
