import { describe } from 'vitest'
import { requires } from '../support/requires.ts'
import { explainLaws } from './explain-laws.ts'

describe.skipIf(requires('native').missing)('natively', () => {
  explainLaws('tensorflow')
})
