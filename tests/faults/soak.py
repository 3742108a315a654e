def play(programs, folder, seconds, seed):
    raise NotImplementedError
