/** The command line of what looks back at the log: dead letters, and what another config would have told. */
import { type Command, Option } from 'commander'
import { DEAD_LETTER_REASONS } from '../core/topics.ts'

export function addDeadLetters(program: Command): void {
  const letters = program
    .command('dead-letters')
    .description('look at what could not be used, and send it again after a fix')
  choosing(letters.command('list'))
    .description('one line for each, and how many there are of each reason')
    .option('--json', 'as JSON Lines')
    .option('--counts', 'only how many there are of each reason')
    .action(async (options) => (await import('./dead-letters.ts')).listDeadLetters(options))
  fromLog(letters.command('show'))
    .description('one of them with its payload, and what a replay would do with it now')
    .argument('<letter>', 'PARTITION:OFFSET, as list shows it')
    .action(async (letter, options) => (await import('./dead-letters.ts')).showDeadLetter(letter, options))
  choosing(letters.command('replay'))
    .description(
      'send them through the format and config of now; each is sent once, however often this is run',
    )
    .argument('[letter...]', 'only these, each as PARTITION:OFFSET')
    .option('--all', 'all of them')
    .option('--url <url>', 'through the API of the program that is running, such as http://127.0.0.1:8080')
    .action(async (chosen, options) => (await import('./dead-letters.ts')).replay(chosen, options))
}

export function addBacktest(program: Command, duration: (text: string) => number): void {
  fromLog(program.command('backtest'))
    .description(
      'what another model or other rules would have told: the log once more, nothing is written to it',
    )
    .option('--model <dir>', "folder of a model's version (MODELS/NAME/VERSION) in place of the config's")
    .option(
      '--pipeline <name>',
      'pipeline that the model is for (default: the only one, or the one that serves it)',
    )
    .option('--from <t>', 'windows from here on (RFC 3339 or epoch ms; default: all)')
    .option('--to <t>', 'windows up to here')
    .option(
      '--warm-up <d>',
      'read only this much of the log before --from: quicker, but what was learned earlier is missing (default: all)',
      duration,
    )
    .option('--output <file>', 'write its scores and alert events as JSON Lines')
    .option('--json', 'print the comparison as JSON')
    .action(async (options) => (await import('./backtest.ts')).backtest(options))
}

function choosing(command: Command): Command {
  return fromLog(command)
    .addOption(
      new Option('--reason <reason,…>', `of ${DEAD_LETTER_REASONS.join(', ')}`).argParser((text) =>
        text.split(','),
      ),
    )
    .option('--asset <id>', 'asset, or a pattern such as pump-*')
    .option('--from <t>', 'received at this time or later (RFC 3339 or epoch ms)')
    .option('--to <t>', 'received before this time')
}

function fromLog(command: Command): Command {
  return command
    .option('--kafka <host:port,…>', 'the log on Kafka, at these brokers')
    .option('--config <file>', 'config file (default: forewarn.yaml here, if it exists)')
    .option('--data <dir>', 'data folder of the embedded log')
}
