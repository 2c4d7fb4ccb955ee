// @ts-check
/**
 * A failure of the set-up that people can do something about: its message says what could not be had, `todo` what to
 * do. Anything else that is thrown is a fault of ours and keeps its stack.
 */

/** @typedef {Error & { todo: string }} Trouble */

/**
 * @param {string} message what could not be had, and why
 * @param {string} todo what to do about it
 * @returns {Trouble}
 */
export function trouble(message, todo) {
  return Object.assign(new Error(message), { name: 'Trouble', todo })
}

/**
 * @param {unknown} error
 * @returns {error is Trouble}
 */
export function isTrouble(error) {
  return error instanceof Error && error.name === 'Trouble'
}

/** @param {unknown} error */
export function messageOf(error) {
  return error instanceof Error ? error.message : String(error)
}
