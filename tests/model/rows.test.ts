/**
 * The library's products are sums in an order that nothing of the processor decides: reckoned here once more, one fused step
 * after the other. Where a cache, an instruction or an operation of the maker's comes between, a last bit differs.
 */
import { beforeAll, describe, expect, it } from 'vitest'
import { createRandom } from '../../simulators/random.ts'
import { type Backend, loadBackend } from '../../src/model/backend.ts'
import { MOST_PREDICTED_ROWS, MOST_TAUGHT_ROWS, ROW_UNIT, wholeRows } from '../../src/model/rows.ts'
import { ANOMALY_FIT } from '../../src/training/anomaly-fit.ts'
import { filledUp, HAND_ROWS } from '../../src/training/deck.ts'
import { FIT_DEFAULTS } from '../../src/training/fit.ts'
import { requires } from '../support/requires.ts'

/** Row-major [rows × columns]. */
interface Matrix {
  readonly rows: number
  readonly columns: number
  readonly numbers: Float32Array
}

const random = createRandom(1, 'rows')

function someMatrix(rows: number, columns: number): Matrix {
  return { rows, columns, numbers: Float32Array.from({ length: rows * columns }, () => random.normal()) }
}

function transposed({ rows, columns, numbers }: Matrix): Matrix {
  const turned = new Float32Array(numbers.length)
  for (let i = 0; i < numbers.length; i++)
    turned[(i % columns) * rows + Math.floor(i / columns)] = numbers[i]!
  return { rows: columns, columns: rows, numbers: turned }
}

/** A product of two single-precision numbers is exact in double precision, so that each step rounds once, as a fused one. */
function plainProduct(a: Matrix, b: Matrix, cuts: readonly number[] = []): Float32Array {
  const sums = new Float32Array(a.rows * b.columns)
  const ends = [...cuts, a.columns]
  for (let row = 0; row < a.rows; row++) {
    for (let column = 0; column < b.columns; column++) {
      let from = 0
      let total = 0
      for (const end of ends) {
        let sum = 0
        for (let k = from; k < end; k++)
          sum = Math.fround(a.numbers[row * a.columns + k]! * b.numbers[k * b.columns + column]! + sum)
        total = Math.fround(total + sum)
        from = end
      }
      sums[row * b.columns + column] = total
    }
  }
  return sums
}

/** Columns of layers of the shipped nets, and some wider ones. */
const LAYERS = [
  [48, 32],
  [40, 32],
  [32, 16],
  [66, 64],
  [128, 64],
] as const

describe.skipIf(requires('native').missing)('the native library', () => {
  let backend: Backend

  beforeAll(async () => {
    backend = await loadBackend()
  })

  function product(a: Matrix, b: Matrix, turnA = false, turnB = false): Float32Array {
    const { tf } = backend
    return tf.tidy(() => {
      const [x, y] = [a, b].map(({ rows, columns, numbers }) => tf.tensor2d(numbers, [rows, columns]))
      return tf.matMul(x!, y!, turnA, turnB).dataSync<'float32'>().slice()
    })
  }

  it.each(LAYERS)('sums %i inputs of each of whole rows in their order', (inputs, units) => {
    const weights = someMatrix(inputs, units)
    for (const rows of [ROW_UNIT, 2 * ROW_UNIT, MOST_TAUGHT_ROWS, 696, MOST_PREDICTED_ROWS]) {
      const batch = someMatrix(rows, inputs)
      expect(Buffer.compare(bytes(product(batch, weights)), bytes(plainProduct(batch, weights)))).toBe(0)
    }
  })

  it.each([...LAYERS.slice(0, 2), [66, 64]] as const)(
    'sums the gradient of %i inputs and %i units over all rows that may teach at once',
    (inputs, units) => {
      for (const rows of [ROW_UNIT, 240, MOST_TAUGHT_ROWS]) {
        const batch = someMatrix(rows, inputs)
        const slopes = someMatrix(rows, units)
        // oneDNN itself halves a sum of more than 256.
        const cuts = rows > 256 ? [rows / 2] : []
        const expected = plainProduct(transposed(batch), slopes, cuts)
        expect(Buffer.compare(bytes(product(batch, slopes, true)), bytes(expected))).toBe(0)
      }
    },
  )
})

const bytes = (numbers: Float32Array) => Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength)

describe('batches', () => {
  it('are whole wherever a net is taught or asked', () => {
    const { least, most } = ANOMALY_FIT.batchRows
    for (const rows of [FIT_DEFAULTS.batchRows, least, most]) {
      expect(rows % ROW_UNIT).toBe(0)
      expect(rows).toBeLessThanOrEqual(MOST_TAUGHT_ROWS)
    }
    for (const rows of [MOST_TAUGHT_ROWS, MOST_PREDICTED_ROWS, HAND_ROWS]) expect(wholeRows(rows)).toBe(rows)
    expect([0, 1, 24, 25].map(wholeRows)).toEqual([0, 24, 24, 48])
  })

  it('are filled up from their beginning', () => {
    const hand = Float32Array.from({ length: 10 }, (_, i) => i)
    const filled = filledUp(hand, 5)
    expect(filled).toHaveLength(48)
    expect([...filled]).toEqual(Array.from({ length: 48 }, (_, i) => i % 10))
    const whole = new Float32Array(48)
    expect(filledUp(whole, 24)).toBe(whole)
  })
})
