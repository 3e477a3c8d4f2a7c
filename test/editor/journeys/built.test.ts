import { NEWEST } from '../vscode-servers';
import { defineJourneys } from './scenarios';

defineJourneys('journeys with the extension as built', 'built', () => ({ editor: NEWEST, extension: 'built' }));
