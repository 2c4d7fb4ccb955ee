// @ts-check
/**
 * The way through the package registries alone: TensorFlow's own wheel holds the library and its C headers, and the
 * binding is compiled against them. Measured on Linux x64 only, so offered there only.
 * docs/decisions/0002-native-tensorflow.md tells what was tried.
 */
import { rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { megabytes, step } from '../progress.mjs'
import { endOf, run } from '../run.mjs'
import { trouble } from '../trouble.mjs'
import { compileBinding, compilerFound, compilerOrTrouble } from './compile.mjs'
import { refuseMusl, SYSTEM } from './load.mjs'
import { downloadWheel, pythonsFound, pythonWithPip } from './pip.mjs'

/** The wheel, what is unpacked from it, and some room. */
const NEEDED_BYTES = 1_000_000_000
const UNPACK = fileURLToPath(new URL('unpack_wheel.py', import.meta.url))
const UNPACK_LIMIT_MS = 5 * 60_000

/** The tools that this way would use now: a change of them makes a remembered failure worth another try. */
export function toolsFound(env = process.env) {
  return { pythons: pythonsFound(env), compiler: compilerFound(env) }
}

/**
 * Fills a staged folder with `deps/lib` and the binding.
 * @param {string} tfjsNode folder with the binding's sources
 * @param {string} staged
 */
export async function fromWheel(tfjsNode, staged) {
  if (SYSTEM !== 'linux-x64') throw trouble(`this way is made for Linux x64, and this is ${SYSTEM}`, '')
  refuseMusl()
  // What is cheap to know comes before 207 MB.
  const compiler = compilerOrTrouble(process.env)
  const python = await pythonWithPip(process.env)
  await checkRoom(staged)
  const wheel = await downloadWheel(python, join(staged, 'wheel'))
  await step('native TensorFlow: unpack the wheel', () => unpack(python, wheel, staged))
  await rm(join(staged, 'wheel'), { recursive: true })
  await step('native TensorFlow: compile the binding', () => compileBinding(compiler, tfjsNode, staged))
  await rm(join(staged, 'include'), { recursive: true })
}

/** @param {string} folder */
async function checkRoom(folder) {
  const { bavail, bsize } = await statfs(folder)
  if (bavail * bsize >= NEEDED_BYTES) return
  throw trouble(
    `${folder} has ${megabytes(bavail * bsize)} left, and ${megabytes(NEEDED_BYTES)} are needed`,
    'make room there, or set FOREWARN_CACHE to a folder on a larger disk',
  )
}

/**
 * @param {string} python
 * @param {string} wheel
 * @param {string} staged
 */
async function unpack(python, wheel, staged) {
  const outcome = await run(python, [UNPACK, wheel, staged], { limitMs: UNPACK_LIMIT_MS })
  if (!outcome.ok)
    throw trouble(`the wheel could not be unpacked: ${endOf(outcome.output).split('\n').at(-1)}`, '')
}
