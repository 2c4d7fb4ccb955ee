/** What the fleet page says when there is no asset to show. */
import { h } from './dom.js'

/** @param {string} publish command that publishes a reading */
export function emptyFleet(publish) {
  const copied = h('span', { role: 'status' })
  const copy = async () => {
    await navigator.clipboard.writeText(publish)
    copied.textContent = 'Copied'
  }
  return h(
    'div',
    { class: 'notice' },
    h('h2', {}, 'No readings yet'),
    h('p', {}, 'Machines appear here with their first reading. Publish one over MQTT:'),
    h('pre', {}, h('code', {}, publish)),
    // The clipboard is open to pages of this machine and of TLS alone.
    isSecureContext &&
      h(
        'p',
        { class: 'actions' },
        h('button', { type: 'button', class: 'button', onclick: copy }, 'Copy'),
        copied,
      ),
    h('p', { class: 'muted' }, 'Its first score comes when its first window closes.'),
  )
}

/** @param {() => void} clear */
export function noMatch(clear) {
  return h(
    'div',
    { class: 'notice' },
    h('h2', {}, 'No asset matches'),
    h('p', {}, 'No asset of the fleet has this text and state.'),
    h('button', { type: 'button', class: 'button', onclick: clear }, 'Show all'),
  )
}
