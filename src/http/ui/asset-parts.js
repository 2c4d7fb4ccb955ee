/** Parts of an asset's page: the facts, the state, what it says when there is nothing. */
import { fill, h } from './dom.js'
import { capital, formatAge, formatScore } from './format.js'
import { stateIcon } from './icons.js'
import { compareAlerts, isOpen } from './rank.js'

/** @import {Alert, Score} from '../../core/records.ts' */
/** @import {AssetDetail, AssetItem} from '../asset-item.ts' */
/** @import {Store} from './store.js' */

/**
 * @param {HTMLElement} element
 * @param {AssetItem} item
 */
export function showState(element, { state, severity }) {
  element.dataset.state = state
  element.dataset.severity = severity ?? 'none'
  const text = state === 'alert' && severity !== null ? `${capital(severity)} alert` : capital(state)
  fill(element, stateIcon(state, severity), text)
}

/**
 * @param {HTMLElement} element
 * @param {AssetItem} item
 * @param {string | null} pipeline
 */
export function showFacts(element, item, pipeline) {
  const facts = factsOf(item, pipeline)
  fill(element, ...facts.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]))
}

/**
 * @param {AssetItem} item
 * @param {string | null} pipeline
 * @returns {[string, string][]}
 */
function factsOf(item, pipeline) {
  const last = item.pipelines.find((one) => one.pipeline === pipeline)?.last
  /** @type {[string, string][]} */
  const attributes = Object.entries(item.attributes).map(([name, value]) => [capital(name), String(value)])
  if (last === undefined) return [['Class', item.class ?? '–'], ...attributes]
  return [
    ['Score', formatScore(last.score)],
    ...stageOf(last),
    ['Last window', `${formatAge(last.windowEnd, Date.now())}, ${last.count} readings`],
    ['Class', item.class ?? '–'],
    ['Pipeline', last.pipeline],
    ['Model', `${last.model} ${last.modelVersion}`],
    ...attributes,
  ]
}

/**
 * Why a score without a model says nothing, if it does not.
 * @param {Score} score
 * @returns {[string, string][]}
 */
function stageOf({ learning, learned, resting }) {
  if (learning) return [['Learning', `${Math.floor(100 * (learned ?? 0))} % of the learning period`]]
  return resting ? [['Judged', 'not while the machine stands still']] : []
}

/**
 * @param {AssetDetail} detail as it was loaded
 * @param {Store} store has what came since
 * @returns {Alert[]} open ones by what needs a person first, then closed ones, newest first
 */
export function alertsOf(detail, store) {
  const all = new Map([...detail.closedAlerts, ...detail.openAlerts].map((alert) => [alert.alert, alert]))
  for (const alert of store.alerts.values()) if (alert.asset === detail.asset) all.set(alert.alert, alert)
  const list = [...all.values()].sort((a, b) => b.updatedAt - a.updatedAt)
  return [...list.filter(isOpen).sort(compareAlerts), ...list.filter((alert) => !isOpen(alert))]
}

/**
 * @param {string} text
 * @param {() => void} again
 */
export function tryAgain(text, again) {
  const button = h('button', { type: 'button', class: 'button', onclick: again }, 'Try again')
  return h('div', { class: 'notice' }, h('p', {}, text), button)
}
