/** The list of alerts beside the fleet: what nobody has seen yet first; closed ones on demand. */
import { makeCardList } from './card-list.js'
import { fill, h } from './dom.js'
import { formatCount } from './format.js'
import { compareAlerts, isOpen, isUnseen } from './rank.js'

/** @import {Alert} from '../../core/records.ts' */
/** @import {Store} from './store.js' */

/** Cards that are drawn; in a storm the rest is a number. */
const MOST_CARDS = 100

/**
 * @param {HTMLElement} element
 * @param {Store} store
 * @param {(alert: Alert) => void} acknowledge
 */
export function makeAlertList(element, store, acknowledge) {
  let closed = false
  const list = h('ul', { class: 'cards' })
  const cards = makeCardList(list, acknowledge)
  const notice = h('div', {})
  const openTab = tab('Open', false)
  const closedTab = tab('Closed', true)
  const tabs = h('div', { class: 'tabs', role: 'group', 'aria-label': 'Which alerts' }, openTab, closedTab)
  fill(element, h('div', { class: 'toolbar' }, h('h2', {}, 'Alerts'), tabs), list, notice)

  /**
   * @param {string} name
   * @param {boolean} which
   */
  function tab(name, which) {
    const choose = () => {
      closed = which
      show()
    }
    return h('button', { type: 'button', class: 'tab', onclick: choose }, name)
  }

  function show() {
    const all = [...store.alerts.values()]
    const open = all.filter(isOpen).sort(compareAlerts)
    const old = all.filter((alert) => !isOpen(alert)).sort((a, b) => b.updatedAt - a.updatedAt)
    const wanted = closed ? old : open
    openTab.textContent = open.length === 0 ? 'Open' : `Open ${formatCount(open.length)}`
    openTab.setAttribute('aria-pressed', String(!closed))
    closedTab.setAttribute('aria-pressed', String(closed))
    cards.show(wanted.slice(0, MOST_CARDS))
    fill(notice, store.loaded ? noticeFor(wanted.length, closed) : null)
  }

  return {
    show,
    tick: cards.tick,
    unseen: () => [...store.alerts.values()].filter(isUnseen).length,
  }
}

/**
 * @param {number} count
 * @param {boolean} closed
 */
function noticeFor(count, closed) {
  if (count > MOST_CARDS) {
    const more = formatCount(count - MOST_CARDS)
    return h('p', { class: 'note' }, `and ${more} more: find the asset in the fleet`)
  }
  if (count > 0) return null
  if (closed) return h('p', { class: 'notice' }, 'No alert was closed lately.')
  const text = 'No alert is open. A new one appears here the moment it is raised.'
  return h('div', { class: 'notice calm' }, h('h3', {}, 'All quiet'), h('p', {}, text))
}
