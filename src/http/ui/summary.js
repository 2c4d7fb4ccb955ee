/** Counts of the fleet by state, in the header; each is a button that shows only those. */
import { fill, h } from './dom.js'
import { capital, formatCount } from './format.js'
import { stateIcon } from './icons.js'
import { severityRank } from './rank.js'

/** @import {Severity} from '../../core/records.ts' */
/** @import {AssetState} from '../asset-item.ts' */
/** @import {Store} from './store.js' */

/** @type {AssetState[]} */
const STATES = ['alert', 'acknowledged', 'silent', 'normal']

/** @param {AssetState} state */
const nameOf = (state) => (state === 'alert' ? 'In alert' : capital(state))

/**
 * @param {HTMLElement} element
 * @param {Store} store
 * @param {{ state: string | null }} filter
 * @param {() => void} changed
 */
export function makeSummary(element, store, filter, changed) {
  const buttons = new Map(STATES.map((state) => [state, makeButton(state)]))
  fill(element, ...buttons.values())

  /** @param {AssetState} state */
  function makeButton(state) {
    const choose = () => {
      filter.state = filter.state === state ? null : state
      changed()
      show()
    }
    return h('button', { type: 'button', class: 'chip', 'data-state': state, onclick: choose })
  }

  function show() {
    const items = [...store.assets.values()]
    for (const [state, button] of buttons) {
      const mine = items.filter((item) => item.state === state)
      const worst = mine.reduce((/** @type {Severity | null} */ a, { severity }) => {
        if (severity === null || (a !== null && severityRank(a) >= severityRank(severity))) return a
        return severity
      }, null)
      const key = `${mine.length} ${worst} ${filter.state === state}`
      if (button.dataset.key === key) continue
      button.dataset.key = key
      button.dataset.severity = worst ?? 'none'
      button.dataset.none = String(mine.length === 0)
      button.setAttribute('aria-pressed', String(filter.state === state))
      fill(
        button,
        stateIcon(state, worst),
        h('b', {}, formatCount(mine.length)),
        h('span', {}, nameOf(state)),
      )
    }
    element.hidden = items.length === 0
  }

  return { show }
}
