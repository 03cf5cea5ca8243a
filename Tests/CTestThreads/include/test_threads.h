// Nothing to call: who links CTestThreads has its threads.
