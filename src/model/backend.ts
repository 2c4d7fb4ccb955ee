/**
 * Loads TensorFlow once per process: natively when the library is there, else its WebAssembly build. Stands below
 * everything in model/ and training/ that computes with tensors; nobody else imports tfjs at run time.
 * `bin/setup` brings the native library and leaves word in two environment variables: FOREWARN_TFJS_NODE (the
 * package's folder, when it is not in node_modules) and FOREWARN_NATIVE_STATUS (what was tried, as JSON).
 */
import { createRequire } from 'node:module'
import { messageOf } from '../core/errors.ts'

/** The part of TensorFlow.js that both backends share. */
export type TensorFlow = typeof import('@tensorflow/tfjs')

export interface Backend {
  readonly tf: TensorFlow
  readonly name: 'tensorflow' | 'wasm'
  /** Version of the library that computes: libtensorflow's, or the WebAssembly build's. */
  readonly version: string
  /** Why it is not the native backend; null when it is. */
  readonly reason: string | null
}

/**
 * Quiet start-up lines; one thread each, which doubled small-net throughput; and what makes processors agree to the last bit
 * (docs/decisions/0002): no instructions beyond AVX2, and none of oneDNN's own operations, which the library would take by
 * itself where the processor has instructions for neural networks (AVX512_VNNI and its like), and nowhere else.
 */
const NATIVE_DEFAULTS = {
  ONEDNN_MAX_CPU_ISA: 'AVX2',
  TF_ENABLE_ONEDNN_OPTS: '0',
  TF_CPP_MIN_LOG_LEVEL: '2',
  TF_NUM_INTRAOP_THREADS: '1',
  TF_NUM_INTEROP_THREADS: '1',
}

const require = createRequire(import.meta.url)
let loading: Promise<Backend> | undefined

/**
 * The backend of this process; later calls answer the same one.
 * @throws when not even the WebAssembly build loads, which means that packages are missing
 */
export function loadBackend(): Promise<Backend> {
  loading ??= load(process.env)
  return loading
}

async function load(env: NodeJS.ProcessEnv): Promise<Backend> {
  if (env.FOREWARN_NATIVE === 'wasm') return loadWasm('FOREWARN_NATIVE=wasm asks for WebAssembly')
  try {
    return await loadNative(env)
  } catch (error) {
    return loadWasm(reasonOf(env.FOREWARN_NATIVE_STATUS, messageOf(error)))
  }
}

async function loadNative(env: NodeJS.ProcessEnv): Promise<Backend> {
  for (const [name, value] of Object.entries(NATIVE_DEFAULTS)) env[name] ??= value
  replaceOldUtilities(require('node:util'))
  const tf: TensorFlow = require(env.FOREWARN_TFJS_NODE || '@tensorflow/tfjs-node')
  await tf.ready()
  return { tf, name: 'tensorflow', version: libraryVersion(tf.backend()), reason: null }
}

/** libtensorflow's version as its binding tells it; the typings of tfjs know nothing of the binding. */
function libraryVersion(backend: unknown): string {
  const binding = propertyOf(backend, 'binding')
  return String(propertyOf(binding, 'TF_Version') ?? 'unknown')
}

function propertyOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

async function loadWasm(reason: string): Promise<Backend> {
  const tf: TensorFlow = require('@tensorflow/tfjs')
  const wasm: typeof import('@tensorflow/tfjs-backend-wasm') = require('@tensorflow/tfjs-backend-wasm')
  // One thread: the threaded build keeps workers alive that would hold the process open after its work is done.
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false)
  if (!(await tf.setBackend('wasm')))
    throw new Error(`TensorFlow's WebAssembly build does not start (${reason})`)
  await tf.ready()
  return { tf, name: 'wasm', version: wasm.version_wasm, reason }
}

/**
 * tfjs-node 4.22 calls two functions of `util` that Node 22 warns of and Node 23 removed (tensorflow/tfjs issue 8609;
 * the fix was never released): both get ours. Exported for its test.
 */
export function replaceOldUtilities(util: Record<string, unknown>): void {
  util.isNullOrUndefined = (value: unknown) => value === null || value === undefined
  util.isArray = Array.isArray
}

/** The set-up's own words when it left some, else what the loader said, on one line. Exported for its test. */
export function reasonOf(status: string | undefined, loaderMessage: string): string {
  const loader = loaderMessage.split('\n', 1)[0] ?? loaderMessage
  if (status === undefined || status === '') return loader
  try {
    const told: unknown = JSON.parse(status)
    if (typeof told === 'object' && told !== null && 'reason' in told && typeof told.reason === 'string')
      return told.reason
  } catch {
    return `${loader} (FOREWARN_NATIVE_STATUS is not JSON)`
  }
  return loader
}
