import { describe } from 'vitest'
import { requires } from '../support/requires.ts'
import { scorerLaws } from './scorer-laws.ts'

describe.skipIf(requires('native').missing)('natively', () => {
  scorerLaws('tensorflow')
})
