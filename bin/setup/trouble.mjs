// @ts-check
/**
 * A failure of the set-up that people can do something about: its message says what could not be had, `todo` what to
 * do. Anything else that is thrown is a fault of ours and keeps its stack.
 */

/** @typedef {Error & { todo: string, exit: number }} Trouble */

/**
 * @param {string} message what could not be had, and why
 * @param {string} todo what to do about it
 * @param {number} exit the status that the program ends with: 1 failed, 2 wrong usage
 * @returns {Trouble}
 */
export function trouble(message, todo, exit = 1) {
  return Object.assign(new Error(message), { name: 'Trouble', todo, exit })
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
