/**
 * The fleet as a table of any length: only the rows in sight exist, so a thousand assets cost no more than
 * thirty.
 */
import { h, setText, throttle } from './dom.js'
import { makeFleetHead } from './fleet-head.js'
import { makeFleetOrder } from './fleet-order.js'
import { makeFleetRow } from './fleet-row.js'

/** @import {AssetItem} from '../asset-item.ts' */
/** @import {FleetRow} from './fleet-row.js' */

/** Rows above and below what is in sight. */
const SPARE_ROWS = 6
const DRAW_MS = 250
const ROW_HEIGHT = 44

/** @param {() => AssetItem[]} list assets to show, in no order */
export function makeFleetTable(list) {
  const order = makeFleetOrder(list)
  const head = makeFleetHead((key) => {
    order.sortBy(key)
    draw()
  })
  const rows = makeRows()
  const table = h('table', { class: 'fleet' }, head.element, rows.element)
  const label = 'Assets of the fleet'
  const scroller = h('div', { class: 'scroller', tabindex: 0, 'aria-label': label, role: 'group' }, table)
  const note = h('p', { class: 'note' })

  function draw() {
    const items = order.take()
    head.show(order.key)
    table.setAttribute('aria-rowcount', String(items.length + 1))
    rows.draw(items, scroller)
    const isHeld = order.held && order.key === 'risk'
    setText(note, isHeld ? 'The order is held while you are in the table.' : '')
  }

  holdOrder(scroller, (held) => {
    order.held = held
    draw()
  })
  scroller.addEventListener('scroll', () => requestAnimationFrame(draw), { passive: true })
  scroller.addEventListener('keydown', (event) => stepRows(event, rows.links()))
  new ResizeObserver(draw).observe(scroller)
  return {
    element: h('div', { class: 'table-box' }, scroller, note),
    draw: throttle(draw, DRAW_MS),
    reorder() {
      order.forget()
      scroller.scrollTop = 0
      draw()
    },
  }
}

/** The rows in sight, with space above and below for the others. */
function makeRows() {
  /** @type {FleetRow[]} */
  const rows = []
  const before = h('tr', { class: 'space', 'aria-hidden': 'true' }, h('td'))
  const after = h('tr', { class: 'space', 'aria-hidden': 'true' }, h('td'))

  /** @param {number} count of rows that are needed */
  function keepRows(count) {
    while (rows.length < count) {
      const row = makeFleetRow()
      rows.push(row)
      after.before(row.element)
    }
    while (rows.length > count) rows.pop()?.element.remove()
  }

  return {
    element: h('tbody', {}, before, after),
    links: () => rows.map(({ link }) => link),
    /**
     * @param {readonly AssetItem[]} items
     * @param {HTMLElement} scroller
     */
    draw(items, scroller) {
      const height = Number.parseFloat(getComputedStyle(scroller).getPropertyValue('--row')) || ROW_HEIGHT
      const first = Math.max(0, Math.floor(scroller.scrollTop / height) - SPARE_ROWS)
      const shown = items.slice(first, first + Math.ceil(scroller.clientHeight / height) + 2 * SPARE_ROWS)
      const now = Date.now()
      keepRows(shown.length)
      shown.forEach((item, i) => {
        rows[i]?.show(item, first + i, now)
      })
      before.style.height = `${first * height}px`
      after.style.height = `${Math.max(0, items.length - first - shown.length) * height}px`
    },
  }
}

/**
 * Tells when someone is in the table, by mouse or by keyboard.
 * @param {HTMLElement} scroller
 * @param {(held: boolean) => void} onChange
 */
function holdOrder(scroller, onChange) {
  let held = false
  const look = () => {
    const focused = scroller.contains(document.activeElement) && document.activeElement !== scroller
    const next = focused || (matchMedia('(hover: hover)').matches && scroller.matches(':hover'))
    if (next === held) return
    held = next
    onChange(held)
  }
  for (const event of ['pointerenter', 'pointerleave', 'focusin']) scroller.addEventListener(event, look)
  // The new focus is known only after the event.
  scroller.addEventListener('focusout', () => setTimeout(look))
}

/**
 * Arrow keys go from row to row.
 * @param {KeyboardEvent} event
 * @param {HTMLAnchorElement[]} links
 */
function stepRows(event, links) {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
  if (step === 0) return
  const at = links.indexOf(/** @type {HTMLAnchorElement} */ (document.activeElement))
  const next = at < 0 ? links[0] : links[at + step]
  if (next === undefined) return
  event.preventDefault()
  next.focus()
  next.scrollIntoView({ block: 'nearest' })
}
