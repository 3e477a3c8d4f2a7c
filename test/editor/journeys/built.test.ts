/** What users do in the workbench, with the extension as it is built here. */
import { NEWEST } from '../vscode-servers';
import { defineLearning } from './learning';
import { defineMemory } from './memory';
import { defineMistakes } from './mistakes';
import { defineJourneys } from './scenarios';
import { defineTesting } from './testing';
import { defineViews } from './views';
import { defineWays } from './ways';

defineJourneys(
    'journeys with the extension as built',
    'built',
    () => ({ editor: NEWEST, extension: 'built' }),
    (traveller) => {
        defineWays(traveller);
        defineMistakes(traveller);
        defineViews(traveller);
        defineMemory(traveller);
        defineLearning(traveller);
        defineTesting(traveller);
    },
);
