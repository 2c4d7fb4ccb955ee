/** The command line (design 4.1): commands, options and help texts. What a command does is in its own file. */
import { Command, Option } from 'commander'
import {
  brokerCount,
  duration,
  fleetCounts,
  folds,
  integer,
  netCount,
  number,
  speed,
} from './option-values.ts'
import { addBacktest, addDeadLetters } from './program-log.ts'
import { VERSION } from './version.ts'

export function buildProgram(): Command {
  const program = new Command('forewarn')
    .description('Predictive maintenance on a stream: readings over MQTT in, alerts that say why out.')
    .version(VERSION)
    .showHelpAfterError('(forewarn --help tells the commands and options)')
    .configureHelp({ sortSubcommands: false })
  for (const add of [
    addUp,
    addDemo,
    addSimulate,
    addTail,
    (parent: Command) => addBacktest(parent, duration),
    addDeadLetters,
    addCopyLog,
    addScore,
    addTrain,
    addEvaluate,
    addStudy,
    addChaos,
    addConfig,
    addDoctor,
  ])
    add(program)
  exitByThrowing(program)
  return program
}

/** Wrong usage is thrown, so that `main` decides the exit status. */
function exitByThrowing(command: Command): void {
  command.exitOverride()
  for (const child of command.commands) exitByThrowing(child)
}

function addUp(program: Command): void {
  program
    .command('up')
    .description('run ingest, engine and HTTP until SIGINT or SIGTERM')
    .option('--config <file>', 'config file (default: forewarn.yaml here, if it exists)')
    .addOption(roleOption())
    .option('--kafka <host:port,…>', 'keep the log on Kafka, at these brokers')
    .option('--mqtt <url>', 'broker to subscribe at, or "embedded"')
    .option('--http <[host:]port>', 'address of HTTP')
    .option('--data <dir>', 'data folder of the embedded log')
    .option('--until-caught-up', 'process to the end of the log as it is now, commit, exit')
    .action(async (options) => (await import('./up.ts')).up(options))
}

function roleOption(): Option {
  return new Option('--role <role>', 'which stages run in this process')
    .choices(['all', 'ingest', 'engine', 'http'])
    .default('all')
}

function addDemo(program: Command): void {
  program
    .command('demo')
    .description('a simulated fleet in which a pump starts to fail at once: what npm start runs')
    .option('--seed <n>', 'seed of the fleet', integer, 7)
    .option('--mqtt-port <port>', 'port of the MQTT broker', integer, 1883)
    .option('--http-port <port>', 'port of HTTP', integer, 8080)
    .action(async (options) => (await import('./demo.ts')).demo(options))
}

function addSimulate(program: Command): void {
  program
    .command('simulate')
    .description('publish simulated or recorded readings over MQTT')
    .option('--mqtt <url>', 'broker to publish to', 'mqtt://127.0.0.1:1883')
    .option('--fleet <counts>', 'machines, such as pump=20,motor=10', fleetCounts, { pump: 6, motor: 3 })
    .option('--seed <n>', 'seed of the fleet', integer, 1)
    .option('--speed <x>', 'times real time, or max: as fast as acknowledged', speed, 1)
    .option('--duration <d>', 'length of the simulation, such as 8h (default: until stopped)', duration)
    .option('--interval <d>', 'time between readings of a machine', duration, 1000)
    .option('--faults <rate>', 'faults per machine and day', number, 1)
    .option('--labels <file>', 'write the true onsets and failures here (CSV)')
    .option(
      '--replay <file...>',
      'recorded readings (CSV or JSON Lines, also .gz) in place of the simulation',
    )
    .option('--map <file>', 'how to read the recording')
    .action(async (options) => (await import('./simulate.ts')).simulate(options))
}

function addTail(program: Command): void {
  program
    .command('tail')
    .description('print a topic as JSON Lines')
    .argument('<topic>', 'readings, scores, alerts, alert-states, dead-letters, …')
    .option('--from <t>', 'start, or a time (RFC 3339 or epoch ms)')
    .option('--follow', 'go on with what comes')
    .option('--kafka <host:port,…>', 'from the log on Kafka, at these brokers')
    .option('--config <file>', 'config file')
    .option('--data <dir>', 'data folder of the embedded log')
    .action(async (topic, options) => (await import('./tail.ts')).tail(topic, options))
}

function addCopyLog(program: Command): void {
  program
    .command('copy-log')
    .description('append the readings of the embedded log to Kafka, to go on there')
    .option(
      '--kafka <host:port,…>',
      'brokers to copy to (default: log.kafka.brokers with log.adapter: kafka)',
    )
    .option('--data <dir>', 'data folder of the embedded log')
    .option('--from-topic <name>', "full name of the readings' topic in the data folder, where it differs")
    .option('--config <file>', 'config file (default: forewarn.yaml here, if it exists)')
    .action(async (options) => (await import('./copy-log.ts')).copyLog(options))
}

/** What came too late for the live stream is no dead end: it can be scored and learned from. */
const LATE_HELP =
  'readings that came too late, as tail dead-letters prints them: put where their time belongs'

function addScore(program: Command): void {
  program
    .command('score')
    .description('score files through the same core, without a broker')
    .option('--config <file>', 'config file (default: forewarn.yaml here, if it exists)')
    .option('--map <file>', 'how to read the files')
    .requiredOption('--input <file...>', 'CSV or JSON Lines, also .gz; lines of tail are read too')
    .option('--late <file...>', LATE_HELP)
    .option('--output <file>', 'JSON Lines of scores and alert events (default: standard output)')
    .action(async (options) => (await import('./score.ts')).score(options))
}

function addTrain(program: Command): void {
  program
    .command('train')
    .description("train a model for a pipeline's windows")
    .addOption(
      new Option('--kind <kind>', 'a failure to come (needs labels), or what is unlike normal (needs none)')
        .choices(['failure', 'anomaly'])
        .default('failure'),
    )
    .option('--config <file>', 'config file whose pipeline gives windows and channels')
    .option('--pipeline <name>', 'pipeline of the config (default: its only one)')
    .option('--map <file>', 'how to read the files')
    .option('--input <file...>', 'recorded readings (CSV or JSON Lines, also .gz)')
    .option('--late <file...>', LATE_HELP)
    .option('--labels <file>', 'CSV asset,from,to,kind (a table has a label column, named in the map)')
    .option('--simulate <counts>', 'train on a simulated fleet instead, such as pump=40', fleetCounts)
    .option('--duration <d>', 'length of the simulation', duration, 8 * 3_600_000)
    .option('--interval <d>', 'time between readings of a simulated machine', duration, 500)
    .option('--seed <n>', 'seed of split, weights and simulation', integer, 1)
    .option('--horizon <d>', 'a window this long before a failure counts as failing', duration)
    .option(
      '--folds <n>',
      'cross-validate by asset in so many folds (default: 0, not at all; a table: 5)',
      folds,
    )
    .option('--nets <n>', 'average so many nets of different seeds', netCount, 1)
    .addOption(
      new Option('--calibration <method>', 'how scores become probabilities')
        .choices(['platt', 'isotonic', 'none'])
        .default('platt'),
    )
    .option('--replace', 'write over a version that exists')
    .requiredOption('--output <dir>', 'model folder to write: DIR/NAME/VERSION')
    .addHelpText('after', '\nCtrl-C keeps the best net so far: the model is written, the exit status is 130.')
    .action(async (options) => (await import('./train.ts')).train(options))
}

function addEvaluate(program: Command): void {
  program
    .command('evaluate')
    .description('how good a model is on readings whose failures are known: JSON, and a page with plots')
    .option('--model <dir>', 'folder of a model: models/NAME/VERSION, or models/NAME for its newest')
    .option(
      '--config <file>',
      'config file whose pipeline is judged (default: windows and rule of the model)',
    )
    .option('--pipeline <name>', 'pipeline of the config (default: the one with the model, or its only one)')
    .option('--map <file>', 'how to read the files')
    .option('--input <file...>', 'recorded readings (CSV or JSON Lines, also .gz)')
    .option('--labels <file>', 'CSV asset,from,to,kind')
    .option('--simulate <counts>', 'judge by a simulated fleet instead, such as pump=20', fleetCounts)
    .option('--duration <d>', 'length of the simulation', duration, 8 * 3_600_000)
    .option('--interval <d>', 'time between readings of a simulated machine', duration, 500)
    .option('--faults <rate>', 'faults per simulated machine and day', number, 12)
    .option('--seed <n>', 'seed of the simulation, of intervals and of importance', integer, 1000)
    .option(
      '--horizon <d>',
      'a window this long before a failure counts as failing (default: as trained)',
      duration,
    )
    .option(
      '--baseline-input <file...>',
      'training readings, to fit the threshold rule and logistic regression on',
    )
    .option('--baseline-labels <file>', 'the failures in them')
    .option(
      '--output <dir>',
      'write evaluation.json and evaluation.html here (default: JSON on standard output)',
    )
    .action(async (options) => (await import('./evaluate.ts')).evaluate(options))
}

function addStudy(program: Command): void {
  program
    .command('study')
    .description('a published benchmark by its published protocol, through the lane of score and up')
    .argument('<name>', 'skab')
    .requiredOption('--data <dir>', 'folder with the unpacked files')
    .option('--config <file>', 'config file whose pipeline is judged (default: each asset by its own normal)')
    .option('--pipeline <name>', 'pipeline of the config (default: its only one)')
    .option('--model <dir>', 'folder of a model')
    .addOption(
      new Option('--kind <kind>', 'train a model for each run, on its first 400 rows').choices(['anomaly']),
    )
    .option('--json', 'print the results as JSON')
    .action(async (name, options) => (await import('./study.ts')).study(name, options))
}

function addChaos(program: Command): void {
  program
    .command('chaos')
    .description('kill the program again and again under load, then count what is lost or doubled: the proof')
    .addOption(
      new Option('--log <log>', 'which log to prove').choices(['embedded', 'kafka']).default('embedded'),
    )
    .option('--kills <n>', 'how often to kill -9', integer, 20)
    .option('--seed <n>', 'seed of load and schedule (default: another each time)', integer)
    .option('--rate <n>', 'messages published a second (default: 4000, on Kafka 1000)', integer)
    .option('--only <names>', 'only these disturbances, such as kill,zombie', (text) => text.split(','))
    .option('--engines <n>', 'Kafka: engines that divide the partitions (default: 2)', integer)
    .option('--rebalance-every <d>', 'Kafka: add an engine, take it out again, and so on', duration)
    .option('--brokers <n>', 'Kafka: 1, or 3, of which one is killed for good', brokerCount)
    .option('--json', 'print the report as JSON')
    .option('--keep <dir>', 'new folder for data and logs, kept afterwards')
    .action(async (options) => (await import('./chaos.ts')).chaos(options))
}

function addConfig(program: Command): void {
  const config = program.command('config').description('show or check the config')
  const file = () => new Option('--config <file>', 'config file (default: forewarn.yaml here, if it exists)')
  config
    .command('print')
    .description('effective settings and where each comes from')
    .addOption(file())
    .action(async (options) => (await import('./config.ts')).printSettings(options))
  config
    .command('check')
    .description('check the file, its models and its pipelines')
    .addOption(file())
    .action(async (options) => (await import('./config.ts')).checkSettings(options))
  config
    .command('schema')
    .description('JSON Schema of the file, for editors')
    .action(async () => (await import('./config.ts')).printSchema())
}

function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('check the machine, the native backend, the config and the ports, and say what to do')
    .option('--config <file>', 'config file (default: forewarn.yaml here, if it exists)')
    .action(async (options) => (await import('./checkup.ts')).checkup(options))
}
