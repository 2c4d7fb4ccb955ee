/**
 * The process edge: which command, with which options; its failure as one message and an exit status.
 * Each command's module is loaded only when it runs, so that `--help` is quick.
 */

import { exitCodeOf, reportFailure } from './commands/exit.ts'
import { buildProgram } from './commands/program.ts'

async function main(): Promise<void> {
  try {
    await buildProgram().parseAsync(process.argv)
  } catch (error) {
    reportFailure(error)
    process.exitCode = exitCodeOf(error)
  }
}

await main()
