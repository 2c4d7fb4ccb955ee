/** One row of the fleet table: made once, then shown for one asset after the other as the table is scrolled. */
import { clockText } from './clock-note.js'
import { h, setText } from './dom.js'
import { capital, formatAge, formatScore } from './format.js'
import { stateIcon } from './icons.js'
import { makeSpark } from './spark.js'

/** @import {AssetItem} from '../asset-item.ts' */

/**
 * @typedef {object} FleetRow
 * @property {HTMLTableRowElement} element
 * @property {HTMLAnchorElement} link
 * @property {(item: AssetItem, index: number, now: number) => void} show
 */

/** @returns {FleetRow} */
export function makeFleetRow() {
  const stateCell = h('td', { class: 'c-state' })
  const link = h('a', { href: '#/' })
  const className = h('span', { class: 'asset-class' })
  const pipeline = h('td', { class: 'c-pipeline' })
  const risk = makeRisk()
  const spark = makeSpark()
  const trend = h('td', { class: 'c-trend' })
  trend.append(spark.element)
  const age = h('td', { class: 'c-age' })
  const element = h(
    'tr',
    {},
    stateCell,
    h('th', { scope: 'row', class: 'c-asset' }, link, className),
    pipeline,
    risk.element,
    trend,
    age,
  )
  let shownState = ''

  /** @param {AssetItem} item */
  function showState({ state, severity }) {
    const key = `${state} ${severity}`
    if (key === shownState) return
    shownState = key
    element.dataset.state = state
    element.dataset.severity = severity ?? 'none'
    const text = state === 'alert' && severity !== null ? `${capital(severity)} alert` : capital(state)
    stateCell.replaceChildren(stateIcon(state, severity), h('span', { class: 'state-text' }, text))
  }

  return {
    element,
    link,
    show(item, index, now) {
      const worst = worstOf(item)
      const above = worst?.above ?? null
      showState(item)
      element.setAttribute('aria-rowindex', String(index + 2))
      if (link.textContent !== item.asset) {
        link.textContent = item.asset
        link.href = `#/asset/${encodeURIComponent(item.asset)}`
      }
      setText(className, [item.class, item.clock && clockText(item.clock)].filter(Boolean).join(' · '))
      setText(pipeline, item.pipelines.map(({ pipeline: name }) => name).join(', ') || 'first window open')
      risk.show(item.score, above)
      spark.draw(worst?.trend ?? [], above)
      setText(age, item.windowEnd === null ? 'not yet' : formatAge(item.windowEnd, now))
    },
  }
}

/** The score as a bar of 0…1 with the threshold marked, and as a number. */
function makeRisk() {
  const filled = h('span', { class: 'bar-fill' })
  const tick = h('span', { class: 'bar-tick' })
  const bar = h('span', { class: 'bar', 'aria-hidden': 'true' }, filled, tick)
  const number = h('span', { class: 'score' })
  return {
    element: h('td', { class: 'c-risk' }, bar, number),
    /**
     * @param {number | null} score
     * @param {number | null} above
     */
    show(score, above) {
      setText(number, score === null ? '–' : formatScore(score))
      filled.style.width = `${(score ?? 0) * 100}%`
      tick.hidden = above === null
      tick.style.left = `${(above ?? 0) * 100}%`
      bar.dataset.level = levelOf(score, above)
    },
  }
}

/**
 * @param {AssetItem} item
 * @returns {AssetItem['pipelines'][number] | null} the pipeline with the highest score
 */
function worstOf({ pipelines }) {
  return pipelines.reduce(
    (/** @type {AssetItem['pipelines'][number] | null} */ a, b) =>
      a && a.last.score >= b.last.score ? a : b,
    null,
  )
}

/**
 * @param {number | null} score
 * @param {number | null} above
 */
function levelOf(score, above) {
  if (score === null || above === null) return 'calm'
  if (score > above) return 'over'
  return score > above * 0.75 ? 'near' : 'calm'
}
