/** Heat that gathers in a body: first-order lag, τ·dT/dt = T_end − T (Newton's law of cooling, one node). */

export interface ThermalBody {
  /** Moves towards the end temperature that constant heat would reach; exact for any step. */
  advance(endKelvin: number, seconds: number): number
}

/**
 * @param seconds time constant τ: 63 % of the way to the end temperature
 * @param start the temperature to begin with, in the same unit as the end temperatures
 */
export function createThermalBody(seconds: number, start: number): ThermalBody {
  let temperature = start
  return {
    advance(endKelvin, step) {
      temperature += (endKelvin - temperature) * -Math.expm1(-step / seconds)
      return temperature
    },
  }
}
