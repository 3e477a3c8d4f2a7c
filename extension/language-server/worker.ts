/** The language server as a worker: LSP as messages. Its name is the URI of the folder of the documentation. */
import { BrowserMessageReader, BrowserMessageWriter, createConnection } from 'vscode-languageserver/browser';
import { SentFiles } from './sent-files';
import { serve } from './server';

const connection = createConnection(new BrowserMessageReader(self), new BrowserMessageWriter(self));
serve(connection, new SentFiles(connection, self.name));
