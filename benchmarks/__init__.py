"""Speed, memory and accuracy of motes beside what a user could take instead."""
