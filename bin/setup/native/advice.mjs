// @ts-check
/**
 * The one message about a native library that could not be had: what was tried, why it failed, what to do. It is
 * printed at every start, since people chose the native backend and must know that they run on another.
 */

/** @typedef {import('./memory.mjs').Failed} Failed */

/** @type {Readonly<Record<string, string>>} */
const NAMES = { official: 'official download', wheel: 'tensorflow-cpu wheel', package: 'tfjs-node package' }

/**
 * @param {readonly Failed[]} failures none when WebAssembly was wished
 * @returns {string}
 */
export function adviceOn(failures) {
  const head =
    'WARNING: running on the WebAssembly backend, not on native TensorFlow. `train` needs the native one.'
  if (failures.length === 0) return `${head} FOREWARN_NATIVE=wasm asks for it.`
  const tried = failures.map(
    ({ way, reason }) => `  ${NAMES[way] ?? way}: ${reason.replaceAll('\n', '\n    ')}`,
  )
  const todo = [...new Set(failures.map((failed) => failed.todo).filter((text) => text !== ''))]
  const choices = todo.map((text, at) => `  ${at === 0 ? 'What to do' : 'Or'}: ${text}.`)
  return [
    head,
    ...tried,
    ...choices,
    '  Then start again with FOREWARN_NATIVE=auto (without it, what failed is tried again after a day).',
  ].join('\n')
}
