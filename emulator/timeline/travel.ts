/** Goes on a slice at a time, so that whoever drives it can do something else in between. */
export type Travel<T> = Generator<void, T>;
