/** The state of the live connection, in words and by a dot; a person must be able to trust a quiet page. */
import { fill, h } from './dom.js'

/** @import {StreamState} from './stream.js' */

/** @param {HTMLElement} element */
export function makeConnection(element) {
  /** @type {StreamState} */
  let state = 'connecting'
  /** @type {number | null} */
  let retryAt = null
  let shown = ''

  function text() {
    if (state === 'live') return 'Live'
    if (state === 'locked') return 'Token needed'
    if (state === 'connecting' || retryAt === null) return 'Connecting…'
    const seconds = Math.max(1, Math.ceil((retryAt - Date.now()) / 1000))
    return `Offline, retry in ${seconds} s`
  }

  function show() {
    const next = text()
    if (next === shown) return
    shown = next
    element.dataset.state = state
    // Screen readers hear of a change of state, not of each second.
    element.setAttribute('aria-live', state === 'waiting' ? 'off' : 'polite')
    fill(element, h('span', { class: 'dot', 'aria-hidden': 'true' }), h('span', {}, next))
  }

  return {
    /**
     * @param {StreamState} next
     * @param {number | null} at
     */
    set(next, at) {
      state = next
      retryAt = at
      document.body.dataset.connection = next
      show()
    },
    tick: show,
  }
}
