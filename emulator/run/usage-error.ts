/** What a user asked for cannot be done: an unknown scenario, a bad kernel name. One clear sentence. */
export class UsageError extends Error {}
