/** All targets of the fuzzer. */
import { adapter } from './adapter';
import { commands } from './commands';
import { images } from './images';
import { languageServer } from './language-server';
import { programs } from './programs';
import { recordings } from './recordings';
import type { Target } from './target';
import { tcp } from './tcp';
import { texts } from './texts';

export const TARGETS: readonly Target[] = [texts, programs, recordings, images, adapter, languageServer, tcp, commands];
