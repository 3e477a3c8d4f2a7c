/** A generator that executes one slice of work at a time, so that its caller can do other work between two slices. */
export type Travel<T> = Generator<void, T>;
