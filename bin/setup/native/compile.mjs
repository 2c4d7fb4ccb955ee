// @ts-check
/**
 * Compiles tfjs-node's binding as its binding.gyp says, as one command. It speaks N-API, whose headers are an npm
 * package, so that neither node-gyp, nor make, nor the headers of this Node are needed: only a C++ compiler.
 */
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { packageFolder } from '../places.mjs'
import { endOf, onPath, run } from '../run.mjs'
import { trouble } from '../trouble.mjs'
import { BINDING } from './load.mjs'

const COMPILERS = ['g++', 'c++', 'clang++']
const LIMIT_MS = 5 * 60_000

/** CXX, or the usual names. @param {NodeJS.ProcessEnv} env */
export function compilerFound(env) {
  const names = env.CXX ? [env.CXX, ...COMPILERS] : COMPILERS
  return names.flatMap((name) => onPath(name, env) ?? [])[0] ?? null
}

/** @param {NodeJS.ProcessEnv} env */
export function compilerOrTrouble(env) {
  const compiler = compilerFound(env)
  if (compiler !== null) return compiler
  throw trouble(
    `no C++ compiler (looked for ${COMPILERS.join(', ')})`,
    'install a C++ compiler (Debian: apt-get install g++)',
  )
}

/**
 * @param {string} compiler
 * @param {string} tfjsNode folder with the binding's sources
 * @param {string} staged holds `include` and `deps/lib`; the binding goes where tfjs-node looks for it
 */
export async function compileBinding(compiler, tfjsNode, staged) {
  const headers = packageFolder('node-api-headers')
  if (headers === null)
    throw trouble('the npm package node-api-headers is missing', 'install the packages again')
  await mkdir(dirname(join(staged, BINDING)), { recursive: true })
  const napi = /napi-v(\d+)/.exec(BINDING)?.[1]
  const args = ['-std=c++17', '-O2', '-fPIC', '-shared', '-pthread', '-w', `-DNAPI_VERSION=${napi}`]
  args.push('-I', join(headers, 'include'), '-I', join(staged, 'include'), '-I', tfjsNode)
  args.push(join(tfjsNode, 'binding/tfjs_backend.cc'), join(tfjsNode, 'binding/tfjs_binding.cc'))
  args.push('-o', join(staged, BINDING), '-L', join(staged, 'deps/lib'))
  // Found from where the binding lies, in the cache as in node_modules.
  args.push(
    '-l:libtensorflow_cc.so.2',
    '-l:libtensorflow_framework.so.2',
    '-Wl,-rpath,$ORIGIN/../../deps/lib',
  )
  const outcome = await run(compiler, args, { limitMs: LIMIT_MS })
  if (outcome.ok) return
  const lines = endOf(outcome.output).split('\n')
  throw trouble(
    `${compiler} could not compile the binding: ${lines.find((line) => /error/i.test(line)) ?? lines.at(-1)}`,
    'install a C++17 compiler with its standard library (Debian: apt-get install g++)',
  )
}
