/** Lists and records: the values of the language that a program creates and changes. */
import { JournaledList, JournaledMap } from '../machine/journal';
import type { Value } from './types';

/** The most elements of a list that a program makes longer. */
export const MOST_ELEMENTS = 1024 * 1024;

/** A list. Lists of the kernel are not of this class: a program cannot make them longer. */
export class ListValue extends JournaledList<Value> {}

/** `record(name: "vm-1", token: 7)`: its fields in the order of the source. */
export class RecordValue extends JournaledMap<string, Value> {}

/** The most processes of an array. */
export const MOST_PROCESSES = 256;
