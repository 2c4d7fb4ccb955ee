/**
 * A process of its own: loads the tfjs-node folder given, computes one product, prints libtensorflow's version.
 * The two functions are what tfjs-node 4.22 needs of `util` and Node 22 warns of, Node 23 removed (src/model/backend.ts says more).
 */
'use strict'

const util = require('node:util')
util.isNullOrUndefined = (value) => value === null || value === undefined
util.isArray = Array.isArray

const tf = require(process.argv[2])
const product = tf.matMul(tf.tensor2d([[1, 2]]), tf.tensor2d([[3], [4]])).dataSync()[0]
if (product !== 11) throw new Error(`it computes 1·3 + 2·4 as ${product}`)
console.log(`libtensorflow ${tf.backend().binding.TF_Version}`)
