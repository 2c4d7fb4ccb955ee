/** The first page: the fleet, filtered by text and state, what needs attention first. */
import { fill, h } from './dom.js'
import { emptyFleet, noMatch } from './fleet-notice.js'
import { makeFleetTable } from './fleet-table.js'
import { formatCount } from './format.js'

/** @import {AssetItem} from '../asset-item.ts' */
/** @import {Store} from './store.js' */

/**
 * What the fleet is filtered by; it outlives the page.
 * @typedef {object} Filter
 * @property {string | null} state
 * @property {string} text
 */

/**
 * @param {Store} store
 * @param {Filter} filter shared with the header
 * @param {() => void} changed the filter was changed here
 */
export function makeFleetPage(store, filter, changed) {
  const name = 'Find an asset, class or pipeline'
  const attributes = { type: 'search', placeholder: name, 'aria-label': name, 'aria-keyshortcuts': '/' }
  const search = h('input', { ...attributes, autocomplete: 'off', spellcheck: 'false', value: filter.text })
  const count = h('span', { class: 'count', role: 'status' })
  const found = () => [...store.assets.values()].filter((item) => matches(item, filter))
  const table = makeFleetTable(found)
  const content = h('div', { class: 'fleet-content' })
  /** @type {'table' | 'empty' | 'none' | 'loading' | null} */
  let shown = null

  function show() {
    const all = store.assets.size
    const some = found().length
    count.textContent = store.loaded ? countText(some, all, store.more) : ''
    const next = !store.loaded ? 'loading' : all === 0 ? 'empty' : some === 0 ? 'none' : 'table'
    if (next !== shown) fill(content, contentFor(next))
    shown = next
    if (next === 'table') table.draw()
  }

  /** @param {'table' | 'empty' | 'none' | 'loading'} what */
  function contentFor(what) {
    if (what === 'loading') return h('p', { class: 'notice' }, 'Reading the fleet…')
    if (what === 'empty') return emptyFleet(store.publish)
    return what === 'none' ? noMatch(clear) : table.element
  }

  function clear() {
    filter.text = ''
    filter.state = null
    search.value = ''
    changed()
  }

  search.addEventListener('input', () => {
    filter.text = search.value
    changed()
  })
  const bar = h(
    'div',
    { class: 'toolbar' },
    h('h1', {}, 'Fleet'),
    count,
    h('label', { class: 'search' }, search),
  )
  return {
    element: h('div', { class: 'fleet-page' }, bar, content),
    title: 'Fleet',
    show,
    refilter() {
      show()
      table.reorder()
    },
    focusSearch: () => search.focus(),
  }
}

/**
 * @param {AssetItem} item
 * @param {Filter} filter
 */
function matches(item, filter) {
  if (filter.state !== null && item.state !== filter.state) return false
  const text = filter.text.trim().toLowerCase()
  if (text === '') return true
  const names = item.pipelines.map(({ pipeline }) => pipeline).join(' ')
  return `${item.asset} ${item.class ?? ''} ${names}`.toLowerCase().includes(text)
}

/**
 * @param {number} some
 * @param {number} all
 * @param {boolean} more
 */
function countText(some, all, more) {
  const noun = all === 1 ? 'asset' : 'assets'
  const text =
    some === all ? `${formatCount(all)} ${noun}` : `${formatCount(some)} of ${formatCount(all)} ${noun}`
  return more ? `${text} that need attention most` : text
}
