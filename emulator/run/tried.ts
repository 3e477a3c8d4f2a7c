/** What an exploration tries: faults, other kernels, orders of processes and of timers, delays. */
import type { Offers } from './decider';
import type { FaultOffers } from './faults';

export interface Tried extends Offers, FaultOffers {}

/** Nothing but what is usual, or listed. */
export const NOTHING: Tried = {
    orders: false,
    timers: false,
    delays: false,
    crash: [],
    fail: [],
    errors: [],
    kernels: [],
    panic: false,
    power: false,
    flips: [],
};
