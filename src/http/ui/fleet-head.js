/** The head of the fleet table: names of the columns, some of them buttons to sort by. */
import { h } from './dom.js'

/** @import {SortKey} from './rank.js' */

/** @type {readonly { key: SortKey | null, name: string, class: string }[]} */
const COLUMNS = [
  { key: null, name: 'State', class: 'c-state' },
  { key: 'asset', name: 'Asset', class: 'c-asset' },
  { key: null, name: 'Pipeline', class: 'c-pipeline' },
  { key: 'risk', name: 'Risk', class: 'c-risk' },
  { key: null, name: 'Trend', class: 'c-trend' },
  { key: 'age', name: 'Last window', class: 'c-age' },
]

/** @param {(key: SortKey) => void} sortBy */
export function makeFleetHead(sortBy) {
  const cells = COLUMNS.map(({ key, name, class: className }) => {
    if (key === null) return h('th', { scope: 'col', class: className }, name)
    const button = h('button', { type: 'button', onclick: () => sortBy(key) }, name)
    return h('th', { scope: 'col', class: className }, button)
  })
  return {
    element: h('thead', {}, h('tr', { 'aria-rowindex': 1 }, ...cells)),
    /** @param {SortKey} sorted */
    show(sorted) {
      COLUMNS.forEach(({ key }, i) => {
        if (key === null) return
        const way = key === 'risk' ? 'descending' : 'ascending'
        cells[i]?.setAttribute('aria-sort', key === sorted ? way : 'none')
      })
    },
  }
}
