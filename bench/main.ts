/** `npm run bench [NAME] [ARGS]`: which benchmark; each has its figures explained at its head. */
const BENCHES = {
  allocation: async () => (await import('./allocation.ts')).allocation(),
  engine: async (args: readonly string[]) => (await import('./engine.ts')).engine(args),
  eventlog: async ([where, brokers]: readonly string[]) =>
    (await import('./eventlog.ts')).printEventLog(where, brokers),
  explain: async (args: readonly string[]) => (await import('./explain.ts')).explain(args),
  growth: async () => (await import('./growth.ts')).growth(),
  killed: async (args: readonly string[]) => (await import('./killed.ts')).killed(args),
  latency: async (args: readonly string[]) => (await import('./latency.ts')).latency(args),
  overload: async (args: readonly string[]) => (await import('./overload.ts')).overload(args),
  ratio: async (args: readonly string[]) => (await import('./ratio.ts')).ratio(args),
  restore: async (args: readonly string[]) => (await import('./restore.ts')).restore(args),
  poison: async (args: readonly string[]) => (await import('./poison.ts')).poison(args),
  stream: async (args: readonly string[]) => (await import('./stream.ts')).stream(args),
} as const

const [name = 'stream', ...args] = process.argv.slice(2)
if (name in BENCHES) {
  await BENCHES[name as keyof typeof BENCHES](args)
} else {
  console.error(`no benchmark ${name}; there are ${Object.keys(BENCHES).join(', ')}`)
  process.exitCode = 2
}
