package main

// managedFile is where an administrator locks settings.
const managedFile = `C:\ProgramData\Conclave\serve-managed.conf`
