/** The language server as a worker: LSP as messages. */
import { BrowserMessageReader, BrowserMessageWriter, createConnection } from 'vscode-languageserver/browser';
import { SentFiles } from './sent-files';
import { serve } from './server';

const connection = createConnection(new BrowserMessageReader(self), new BrowserMessageWriter(self));
serve(connection, new SentFiles(connection, self.docs));
