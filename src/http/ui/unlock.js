/** Asks for the token of a server that needs one. */
import { setToken } from './api.js'
import { h } from './dom.js'

let open = false

/** @param {() => void} retry is called with the token in place */
export function askForToken(retry) {
  if (open) return
  open = true
  const token = h('input', {
    id: 'token',
    type: 'password',
    required: true,
    autocomplete: 'current-password',
  })
  const form = h(
    'form',
    { method: 'dialog' },
    h('h2', { id: 'token-title' }, 'This server needs a token'),
    h('p', { class: 'muted' }, 'It is the setting http.token. It is kept in this tab alone.'),
    h('label', { for: 'token' }, 'Token'),
    token,
    h('div', { class: 'actions' }, h('button', { type: 'submit', class: 'button primary' }, 'Open')),
  )
  const dialog = h('dialog', { class: 'dialog', 'aria-labelledby': 'token-title' }, form)
  dialog.addEventListener('close', () => {
    open = false
    setToken(token.value.trim())
    dialog.remove()
    retry()
  })
  // Without the token there is nothing behind the dialog to go back to.
  dialog.addEventListener('cancel', (event) => event.preventDefault())
  document.body.append(dialog)
  dialog.showModal()
}
