/** What the page knows: the fleet and the alerts, loaded once, then kept up to date by the live events. */
import { getJson, getList } from './api.js'
import { isOpen, isUnseen, severityRank } from './rank.js'

/** @import {Alert, AlertEvent, Score} from '../../core/records.ts' */
/** @import {AssetItem} from '../asset-item.ts' */

/** Assets that are shown: those that need attention most. */
const MOST_ASSETS = 5000
const MOST_ALERTS = 1000
const MOST_CLOSED = 200
const TREND = 32
const OPEN_STATES = 'active,acknowledged,returned,shelved,suppressed'

/** @typedef {'assets' | 'alerts' | 'score'} Change */
/** @typedef {(change: Change, asset: string | null) => void} Listener */

/**
 * @typedef {object} Store
 * @property {Map<string, AssetItem>} assets
 * @property {Map<string, Alert>} alerts
 * @property {Set<Listener>} listeners
 * @property {boolean} loaded
 * @property {boolean} more there are more assets than are shown
 * @property {boolean} stale the fleet has assets that the page doesn't know, or that wait for their first score
 * @property {string} publish command that publishes a reading
 */

/** @returns {Store} */
export function createStore() {
  return {
    assets: new Map(),
    alerts: new Map(),
    listeners: new Set(),
    loaded: false,
    more: false,
    stale: false,
    publish: '',
  }
}

/**
 * @param {Store} store
 * @param {Listener} listener
 * @returns {() => void} ends it
 */
export function listen(store, listener) {
  store.listeners.add(listener)
  return () => store.listeners.delete(listener)
}

/** @param {Store} store */
export async function loadStore(store) {
  /** @type {[{ items: AssetItem[], more: boolean }, { items: Alert[] }, { items: Alert[] }]} */
  const [fleet, open, closed] = await Promise.all([
    getList('/api/v1/assets?sort=risk&limit=1000', MOST_ASSETS),
    getList(`/api/v1/alerts?state=${OPEN_STATES}&limit=1000`, MOST_ALERTS),
    getJson(`/api/v1/alerts?state=closed&limit=${MOST_CLOSED}`),
  ])
  store.assets = new Map(fleet.items.map((item) => [item.asset, item]))
  store.alerts = new Map([...open.items, ...closed.items].map((alert) => [alert.alert, alert]))
  store.more = fleet.more
  store.loaded = true
  store.stale = fleet.items.every(({ state }) => state === 'waiting')
  tell(store, 'assets', null)
  tell(store, 'alerts', null)
}

/**
 * @param {Store} store
 * @param {Score} score
 */
export function applyScore(store, score) {
  const item = store.assets.get(score.asset)
  const series = item?.pipelines.find(({ pipeline }) => pipeline === score.pipeline)
  if (item === undefined || series === undefined) {
    if (!store.more) store.stale = true
    return
  }
  if (score.windowEnd <= series.last.windowEnd) return
  series.last = score
  series.trend.push(score.score)
  if (series.trend.length > TREND) series.trend.shift()
  item.score = Math.max(...item.pipelines.map(({ last }) => last.score))
  item.windowEnd = Math.max(item.windowEnd ?? 0, score.windowEnd)
  if (item.alerts.length === 0) item.state = calmState(item)
  tell(store, 'score', score.asset)
}

/**
 * @param {Store} store
 * @param {AlertEvent} event
 */
export function applyAlert(store, { data }) {
  // A closed alert stays closed, whatever comes late.
  if (store.alerts.get(data.alert)?.state === 'closed') return
  store.alerts.set(data.alert, data)
  forgetClosed(store.alerts)
  const item = store.assets.get(data.asset)
  if (item !== undefined) judge(item, store.alerts)
  tell(store, 'alerts', data.asset)
}

/**
 * @param {Store} store
 * @param {Change} change
 * @param {string | null} asset
 */
function tell(store, change, asset) {
  for (const listener of store.listeners) listener(change, asset)
}

/**
 * A page that stays open for weeks keeps only the last closed ones.
 * @param {Map<string, Alert>} alerts
 */
function forgetClosed(alerts) {
  const closed = [...alerts.values()].filter((alert) => !isOpen(alert))
  if (closed.length <= 2 * MOST_CLOSED) return
  closed.sort((a, b) => a.updatedAt - b.updatedAt)
  for (const { alert } of closed.slice(0, closed.length - MOST_CLOSED)) alerts.delete(alert)
}

/**
 * The state of an asset by its open alerts, as the server tells it.
 * @param {AssetItem} item
 * @param {Map<string, Alert>} alerts
 */
function judge(item, alerts) {
  const open = [...alerts.values()].filter((alert) => alert.asset === item.asset && isOpen(alert))
  open.sort((a, b) => severityRank(b.severity) - severityRank(a.severity) || b.raisedAt - a.raisedAt)
  item.alerts = open.map(({ alert }) => alert)
  item.severity = open[0]?.severity ?? null
  if (open.length === 0) item.state = calmState(item)
  else item.state = open.some(isUnseen) ? 'alert' : 'acknowledged'
}

/**
 * @param {AssetItem} item one without an open alert
 * @returns {'waiting' | 'silent' | 'normal'}
 */
function calmState({ pipelines }) {
  /** @type {Score | null} */
  let newest = null
  for (const { last } of pipelines) if (newest === null || last.windowEnd > newest.windowEnd) newest = last
  if (newest === null) return 'waiting'
  return newest.closed === 'idle' ? 'silent' : 'normal'
}
