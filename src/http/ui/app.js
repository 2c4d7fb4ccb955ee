/** Starts the page: store, live events, header, alert list, and the page that the address names. */
import { openAcknowledge } from './acknowledge.js'
import { makeAlertList } from './alert-list.js'
import { ApiProblem } from './api.js'
import { makeAssetPage } from './asset.js'
import { makeConnection } from './connection.js'
import { byId, fill, throttle } from './dom.js'
import { makeFleetPage } from './fleet.js'
import { applyAlert, applyScore, createStore, listen, loadStore } from './store.js'
import { openStream } from './stream.js'
import { makeSummary } from './summary.js'
import { askForToken } from './unlock.js'

/** @typedef {{ element: HTMLElement, title: string, show: () => void, refilter?: () => void, focusSearch?: () => void, close?: () => void }} Page */

const LOOK_AGAIN_MS = 2000

const store = createStore()
/** @type {import('./fleet.js').Filter} */
const filter = { state: null, text: '' }
const connection = makeConnection(byId('connection'))
const alertList = makeAlertList(byId('alerts'), store, openAcknowledge)
const summary = makeSummary(byId('summary'), store, filter, refilter)
/** @type {Page | null} */
let page = null

const showAlerts = throttle(() => {
  alertList.show()
  showTitle()
}, 250)
const showFleet = throttle(() => {
  summary.show()
  page?.show()
}, 250)

function showTitle() {
  const unseen = alertList.unseen()
  document.title = `${unseen === 0 ? '' : `(${unseen}) `}${page?.title ?? 'Fleet'} · Forewarn`
  byId('alerts').dataset.unseen = String(unseen)
}

function refilter() {
  if (page?.refilter === undefined) location.hash = '#/'
  else page.refilter()
  summary.show()
}

function route() {
  page?.close?.()
  const [, name, id] = location.hash.split('/')
  page =
    name === 'asset' && id !== undefined
      ? makeAssetPage(store, decodeURIComponent(id), openAcknowledge)
      : makeFleetPage(store, filter, refilter)
  document.body.dataset.page = name === 'asset' ? 'asset' : 'fleet'
  fill(byId('page'), page.element)
  page.show()
  showTitle()
  scrollTo(0, 0)
}

/** @param {import('./stream.js').LiveEvent} event */
async function take({ name, data }) {
  if (name === 'score') applyScore(store, data)
  else if (name === 'alert') {
    applyAlert(store, data)
    if (data.type === 'forewarn.alert.raised') announce(data.data)
  } else if (name === 'hello') {
    store.publish = data.publish
    if (store.loaded && data.resumed && data.gaps.length === 0) return
    await load()
  }
}

async function load() {
  try {
    await loadStore(store)
  } catch (error) {
    store.stale = true
    console.warn(error instanceof ApiProblem ? error.message : 'The lists could not be loaded.')
  }
}

/** New assets, and those that wait for their first score, are looked up until they are there. */
async function lookAgain() {
  if (store.stale && !document.hidden && document.body.dataset.connection === 'live') await load()
  setTimeout(lookAgain, LOOK_AGAIN_MS)
}

/** @param {import('../../core/records.ts').Alert} alert */
function announce(alert) {
  byId('announce').textContent = `New ${alert.severity} alert: ${alert.asset}, rule ${alert.rule}`
}

listen(store, (change) => {
  if (change !== 'score') showAlerts()
  showFleet()
})
const stream = openStream({
  onEvent: take,
  onState(state, retryAt) {
    connection.set(state, retryAt)
    if (state === 'locked') askForToken(() => stream.retry())
  },
})
addEventListener('hashchange', route)
addEventListener('keydown', (event) => {
  const isTyping = event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement
  if (event.key !== '/' || isTyping || page?.focusSearch === undefined) return
  event.preventDefault()
  page.focusSearch()
})
setInterval(() => {
  connection.tick()
  alertList.tick(Date.now())
  if (!document.hidden) showFleet()
}, 1000)
route()
alertList.show()
lookAgain()
