// @ts-check
/** bin/bench: brings up what is missing, then runs the benchmarks; arguments go on to them. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bringUp, orSayWhy, tellNative } from '../bring.mjs'
import { ROOT } from '../places.mjs'

export default async function bench() {
  let ready = false
  await orSayWhy(async () => {
    tellNative(await bringUp({ native: true }))
    ready = true
  })
  if (ready) await import(pathToFileURL(join(ROOT, 'dist/bench/main.js')).href)
}
