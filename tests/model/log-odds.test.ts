import { expect, test } from 'vitest'
import { logOddsFiles } from '../../src/model/log-odds.ts'

const weights = Uint8Array.of(1, 2, 3)

function layer(className: string, name: string, activation: string, ...inputs: string[]) {
  const inbound_nodes = inputs.length === 0 ? [] : [inputs.map((input) => [input, 0, 0, {}])]
  return { class_name: className, name, config: { name, activation }, inbound_nodes }
}

function files(layers: readonly unknown[], output: string) {
  const config = { layers, output_layers: [[output, 0, 0]] }
  return { topology: JSON.stringify({ modelTopology: { class_name: 'Model', config } }), weights }
}

const hidden = layer('Dense', 'hidden', 'sigmoid', 'features')

test('the sigmoid at the end goes, those within stay', () => {
  const last = (activation: string) => layer('Dense', 'risk', activation, 'hidden')
  expect(logOddsFiles(files([hidden, last('sigmoid')], 'risk'))).toEqual(
    files([hidden, last('linear')], 'risk'),
  )
})

test('of a mean over nets every one goes', () => {
  const ensemble = (activation: string) =>
    files(
      [
        hidden,
        layer('Dense', 'a', activation, 'hidden'),
        layer('Dense', 'b', activation, 'hidden'),
        layer('Average', 'mean', 'none', 'a', 'b'),
      ],
      'mean',
    )
  expect(logOddsFiles(ensemble('sigmoid'))).toEqual(ensemble('linear'))
})

test('a net that ends otherwise has none', () => {
  expect(logOddsFiles(files([layer('Dense', 'risk', 'relu', 'features')], 'risk'))).toBeNull()
  expect(logOddsFiles(files([layer('Flatten', 'risk', 'sigmoid', 'features')], 'risk'))).toBeNull()
  expect(logOddsFiles(files([hidden, layer('Average', 'mean', 'none')], 'mean'))).toBeNull()
  expect(logOddsFiles({ topology: '{}', weights })).toBeNull()
})
