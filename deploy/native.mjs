// @ts-check
/**
 * Brings native TensorFlow into node_modules while the image is built, by the ways of bin/setup. An image that would
 * compute on WebAssembly is not built in silence: it must be wished (FOREWARN_NATIVE=wasm).
 */

import { bringNative, choiceOf } from '../bin/setup/native/native.mjs'
import { cacheFolder } from '../bin/setup/places.mjs'

const status =
  choiceOf(process.env) === 'wasm' ? null : await bringNative(process.env, cacheFolder(process.env))

if (status === null) {
  console.log('native TensorFlow: left out, as FOREWARN_NATIVE=wasm asks')
} else if (status.reason === null) {
  console.log(`native TensorFlow: ${status.version} (${status.way})`)
} else {
  console.error(`${status.reason}\nTo build an image without it: --build-arg FOREWARN_NATIVE=wasm`)
  process.exitCode = 1
}
