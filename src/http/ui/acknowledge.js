/** The dialog in which a person says that they have seen an alert. The name is asked once per browser. */
import { ApiProblem, postJson } from './api.js'
import { h } from './dom.js'
import { capital } from './format.js'

/** @import {Alert} from '../../core/records.ts' */

const NAME_KEY = 'forewarn.name'

/** @param {Alert} alert */
export function openAcknowledge(alert) {
  const known = localStorage.getItem(NAME_KEY) ?? ''
  const fields = makeFields(known)
  const cancel = h('button', { type: 'button', class: 'button', onclick: () => dialog.close() }, 'Cancel')
  const form = h(
    'form',
    { method: 'dialog' },
    h('h2', { id: 'ack-title' }, 'Acknowledge this alert'),
    h('p', { class: 'muted' }, `${capital(alert.severity)} alert of ${alert.asset}, rule ${alert.rule}.`),
    h('p', { class: 'muted' }, 'It stays open until the machine is back to normal.'),
    h('label', { for: 'ack-by' }, 'Your name'),
    fields.by,
    h('label', { for: 'ack-comment' }, 'Comment ', h('span', { class: 'muted' }, '(optional)')),
    fields.comment,
    fields.fault,
    h('div', { class: 'actions' }, cancel, fields.send),
  )
  const close = () => dialog.remove()
  const dialog = h('dialog', { class: 'dialog', 'aria-labelledby': 'ack-title', onclose: close }, form)
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    if (await submit(alert, fields)) dialog.close()
  })
  document.body.append(dialog)
  dialog.showModal()
  if (known === '') fields.by.focus()
  else fields.comment.focus()
}

/** @param {string} known name that was given before */
function makeFields(known) {
  const name = { id: 'ack-by', name: 'by', required: true, maxlength: 256, autocomplete: 'name' }
  return {
    by: h('input', { ...name, value: known }),
    comment: h('textarea', { id: 'ack-comment', name: 'comment', rows: 3, maxlength: 4096 }),
    fault: h('p', { class: 'fault', role: 'alert' }),
    send: h('button', { type: 'submit', class: 'button primary' }, 'Acknowledge'),
  }
}

/**
 * @param {Alert} alert
 * @param {ReturnType<typeof makeFields>} fields
 * @returns {Promise<boolean>} whether the server has taken it
 */
async function submit(alert, { by, comment, fault, send }) {
  const name = by.value.trim()
  if (name === '') {
    fault.textContent = 'Please give your name: the others see who is on it.'
    by.focus()
    return false
  }
  localStorage.setItem(NAME_KEY, name)
  const text = comment.value.trim()
  send.disabled = true
  try {
    const path = `/api/v1/alerts/${encodeURIComponent(alert.alert)}/acknowledge`
    await postJson(path, { by: name, ...(text === '' ? {} : { comment: text }) })
    return true
  } catch (error) {
    send.disabled = false
    fault.textContent =
      error instanceof ApiProblem ? error.message : 'The server can’t be reached: try again in a moment.'
    return false
  }
}
