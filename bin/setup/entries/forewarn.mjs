// @ts-check
/** bin/forewarn: brings up what is missing, then becomes the program, in this process: signals reach it as they are. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bringUp, orSayWhy, tellNative } from '../bring.mjs'
import { ROOT } from '../places.mjs'

/** Commands that compute nothing with tensors: they don't wait for the native library. */
const WITHOUT_NATIVE = new Set(['config', 'tail', 'copy-log', 'simulate', 'dead-letters', 'help'])

/** @param {readonly string[]} args */
export function needsNative(args) {
  const command = args.find((arg) => !arg.startsWith('-'))
  if (command === undefined || WITHOUT_NATIVE.has(command)) return false
  return !args.some((arg) => arg === '--help' || arg === '-h' || arg === '--version' || arg === '-V')
}

/** @param {readonly string[]} args */
export default async function forewarn(args) {
  let ready = false
  await orSayWhy(async () => {
    tellNative(await bringUp({ native: needsNative(args) }))
    ready = true
  })
  if (!ready) return
  process.setSourceMapsEnabled(true)
  await import(pathToFileURL(join(ROOT, 'dist/src/main.js')).href)
}
