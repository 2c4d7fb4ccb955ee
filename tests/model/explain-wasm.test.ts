import { explainLaws } from './explain-laws.ts'

// Each test file is a process of its own, so this asks for the backend of this file alone.
process.env.FOREWARN_NATIVE = 'wasm'

explainLaws('wasm')
