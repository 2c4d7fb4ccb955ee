/** The page of one asset: how its score went, its alerts with all their reasons, its latest readings. */
import { ApiProblem, getJson, getList } from './api.js'
import { alertsOf, showFacts, showState, tryAgain } from './asset-parts.js'
import { makeCardList } from './card-list.js'
import { makeChart } from './chart.js'
import { makeClockNote } from './clock-note.js'
import { fill, h, throttle } from './dom.js'
import { isOpen } from './rank.js'
import { makeReadings } from './readings.js'
import { listen } from './store.js'

/** @import {Alert, Reading, Score} from '../../core/records.ts' */
/** @import {AssetDetail} from '../asset-item.ts' */
/** @import {Store} from './store.js' */

const MOST_SCORES = 5000
const READINGS = 60
const READINGS_EVERY_MS = 5000
const DRAW_MS = 250
const CLOSED_CARDS = 10

/**
 * @typedef {object} Shown
 * @property {Store} store
 * @property {string} asset
 * @property {AssetDetail | null} detail null until it is loaded
 * @property {Score[]} scores of all pipelines, oldest first
 * @property {string | null} pipeline the one that the chart shows
 * @property {boolean} closed
 */

/**
 * @param {Store} store
 * @param {string} asset
 * @param {(alert: Alert) => void} acknowledge
 */
export function makeAssetPage(store, asset, acknowledge) {
  /** @type {Shown} */
  const shown = { store, asset, detail: null, scores: [], pipeline: null, closed: false }
  const parts = makeParts(asset, acknowledge)
  const draw = throttle(() => show(shown, parts, draw), DRAW_MS)
  const load = async () => {
    await loadAsset(shown, parts, load)
    draw()
    await loadReadings(shown, parts)
  }
  const timer = setInterval(() => {
    if (document.hidden) return
    loadReadings(shown, parts)
    loadClock(shown, parts)
  }, READINGS_EVERY_MS)
  const stop = listen(store, (change, which) => {
    if (which !== null && which !== asset) return
    // It had no score when it was looked up, and has one now.
    if (shown.detail === null && change === 'assets' && store.assets.get(asset)?.score != null) load()
    if (change === 'score') takeScores(shown)
    draw()
  })
  load()
  return {
    element: parts.element,
    title: asset,
    show: draw,
    close() {
      shown.closed = true
      clearInterval(timer)
      stop()
      parts.chart.close()
    },
  }
}

/**
 * @param {string} asset
 * @param {(alert: Alert) => void} acknowledge
 */
function makeParts(asset, acknowledge) {
  const state = h('span', { class: 'state' })
  const alerts = h('ul', { class: 'cards wide-cards' })
  const content = h('div', { class: 'asset-content' }, h('p', { class: 'notice' }, 'Reading its scores…'))
  return {
    state,
    content,
    clock: makeClockNote(),
    facts: h('dl', { class: 'facts' }),
    tabs: h('div', { class: 'tabs', role: 'group', 'aria-label': 'Pipeline' }),
    chart: makeChart(),
    alerts,
    noAlerts: h('p', { class: 'notice' }, 'No alert so far.'),
    cards: makeCardList(alerts, acknowledge, { allReasons: true, linked: false }),
    readings: makeReadings(),
    element: h(
      'div',
      { class: 'asset-page' },
      h('a', { class: 'back', href: '#/' }, '‹ Fleet'),
      h('div', { class: 'toolbar' }, h('h1', {}, asset), state),
      content,
    ),
  }
}

/** @typedef {ReturnType<typeof makeParts>} Parts */

/** @param {string} asset */
function pathOf(asset) {
  return `/api/v1/assets/${encodeURIComponent(asset)}`
}

/**
 * @param {Shown} shown
 * @param {Parts} parts
 * @param {() => void} again
 */
async function loadAsset(shown, parts, again) {
  const path = pathOf(shown.asset)
  try {
    /** @type {Promise<AssetDetail>} */
    const detail = getJson(path)
    /** @type {{ items: Score[] }} */
    const { items } = await getList(`${path}/scores?limit=1000`, MOST_SCORES)
    shown.detail = await detail
    shown.scores = items.reverse()
    shown.pipeline ??= shown.detail.pipelines[0]?.pipeline ?? null
    parts.clock.show(shown.detail.clock, Date.now())
  } catch (error) {
    const isMissing = error instanceof ApiProblem && error.status === 404
    const wait = `${shown.asset} has no score yet. It appears here when its first window closes.`
    fill(parts.content, tryAgain(isMissing ? wait : 'The server can’t be reached.', again))
    return
  }
  const { clock, facts, tabs, chart, noAlerts, alerts, readings } = parts
  const head = h('div', { class: 'panel-head' }, h('h2', {}, 'Score'), tabs, chart.readout)
  fill(
    parts.content,
    clock.element,
    facts,
    h('section', { class: 'panel' }, head, chart.element),
    h('section', { class: 'panel' }, h('h2', {}, 'Alerts of this asset'), noAlerts, alerts),
    readings.element,
  )
}

/**
 * @param {Shown} shown
 * @param {Parts} parts
 */
async function loadReadings(shown, parts) {
  if (shown.detail === null || shown.closed) return
  try {
    /** @type {{ items: Reading[] }} */
    const page = await getJson(`${pathOf(shown.asset)}/readings?limit=${READINGS}`)
    parts.readings.show(page.items)
  } catch (error) {
    // What is on the page stays; the state of the connection is shown in the header.
    if (error instanceof ApiProblem) console.warn(error.message)
  }
}

/**
 * No event tells of clocks: what is wrong with one is asked for again.
 * @param {Shown} shown
 * @param {Parts} parts
 */
async function loadClock(shown, parts) {
  if (shown.detail === null || shown.closed) return
  try {
    /** @type {AssetDetail} */
    const { clock } = await getJson(pathOf(shown.asset))
    parts.clock.show(clock, Date.now())
  } catch (error) {
    if (error instanceof ApiProblem) console.warn(error.message)
  }
}

/** @param {Shown} shown */
function takeScores(shown) {
  for (const { last } of shown.store.assets.get(shown.asset)?.pipelines ?? []) {
    const newest = shown.scores.findLast((score) => score.pipeline === last.pipeline)
    if (newest === undefined || last.windowEnd > newest.windowEnd) shown.scores.push(last)
  }
  if (shown.scores.length > MOST_SCORES) shown.scores = shown.scores.slice(-MOST_SCORES)
}

/**
 * @param {Shown} shown
 * @param {Parts} parts
 * @param {() => void} draw
 */
function show(shown, parts, draw) {
  const { detail, store, pipeline, scores, closed } = shown
  if (detail === null || closed) return
  const item = store.assets.get(shown.asset) ?? detail
  const alerts = alertsOf(detail, store)
  showState(parts.state, item)
  showFacts(parts.facts, item, pipeline)
  showTabs(shown, parts.tabs, draw)
  parts.chart.show({
    scores: scores.filter((score) => score.pipeline === pipeline),
    thresholds: detail.thresholds.filter((threshold) => threshold.pipeline === pipeline),
    alerts: alerts.filter((alert) => alert.pipeline === pipeline),
  })
  parts.noAlerts.hidden = alerts.length > 0
  const old = alerts.filter((alert) => !isOpen(alert)).slice(0, CLOSED_CARDS)
  parts.cards.show([...alerts.filter(isOpen), ...old])
  parts.cards.tick(Date.now())
}

/**
 * A tab for each pipeline where there are several.
 * @param {Shown} shown
 * @param {HTMLElement} tabs
 * @param {() => void} draw
 */
function showTabs(shown, tabs, draw) {
  const names = shown.detail?.pipelines.map(({ pipeline }) => pipeline) ?? []
  const key = `${names.join(' ')} ${shown.pipeline}`
  if (tabs.dataset.key === key) return
  tabs.dataset.key = key
  const tab = (/** @type {string} */ name) => {
    const choose = () => {
      shown.pipeline = name
      draw()
    }
    const pressed = String(name === shown.pipeline)
    return h('button', { type: 'button', class: 'tab', 'aria-pressed': pressed, onclick: choose }, name)
  }
  fill(tabs, ...(names.length < 2 ? [] : names.map(tab)))
}
